#!/bin/sh
# spark.sh master [OPTIONS] | worker [OPTIONS] SPARK_URL: a standalone daemon from pyspark's own jars, on podrec's own Java.
set -eu
SPARK_HOME=$(python -c 'import pathlib, pyspark; print(pathlib.Path(pyspark.__file__).parent)')
JAVA_HOME=$(python -c 'from podrec_assets.services.java import java_home; from podrec_assets.settings import Settings; print(java_home(Settings.load()))')
# Without the Scala version the worker looks for a build of Spark, which a Python package is not.
export SPARK_HOME JAVA_HOME SPARK_SCALA_VERSION=2.13
case $1 in
  master) class=org.apache.spark.deploy.master.Master ;;
  worker) class=org.apache.spark.deploy.worker.Worker ;;
  *) echo "spark.sh: first word is master or worker, not $1" >&2; exit 2 ;;
esac
shift
set -- -cp "$SPARK_HOME/jars/*" "$class" "$@"
for package in java.lang java.nio sun.nio.ch java.util; do
  set -- --add-opens "java.base/$package=ALL-UNNAMED" "$@"
done
exec "$JAVA_HOME/bin/java" -Xmx512m "$@"
