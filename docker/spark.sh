#!/bin/sh
# spark.sh master | worker SPARK_URL: the standalone daemons from pyspark's own jars, on podrec's own Java.
set -eu
home=$(python -c 'import pyspark, pathlib; print(pathlib.Path(pyspark.__file__).parent)')
JAVA_HOME=$(python -c 'from podrec_assets.services.java import java_home; from podrec_assets.settings import Settings; print(java_home(Settings.load()))')
export JAVA_HOME SPARK_HOME="$home" SPARK_SCALA_VERSION=2.13
role=$1
shift
opens=""
for package in java.lang java.nio sun.nio.ch java.util; do opens="$opens --add-opens java.base/$package=ALL-UNNAMED"; done
if [ "$role" = master ]; then
  # shellcheck disable=SC2086
  exec "$JAVA_HOME/bin/java" -Xmx512m $opens -cp "$home/jars/*" org.apache.spark.deploy.master.Master --host "$(hostname)" --port 7077
fi
# shellcheck disable=SC2086
exec "$JAVA_HOME/bin/java" -Xmx512m $opens -cp "$home/jars/*" org.apache.spark.deploy.worker.Worker -d /var/lib/podrec/work "$@"
