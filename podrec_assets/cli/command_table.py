"""The commands of `podrec --help`: by heading, in this order, each with its summary.

The summary repeats the first line of the command's own help, so that the list of commands needs
none of their modules. Commands are loaded by `cli/lazy_group.py`.
"""

COMMANDS: dict[str, dict[str, str]] = {
    "Start and check": {
        "demo": "Run the whole pipeline on built-in sample data and show three listeners' lists.",
        "up": "Start the embedded services: Kafka, a MongoDB-compatible server and the sample "
        "feeds.",
        "ui": "Start the Dagster UI, its daemon and the dashboard, and print their addresses.",
        "dashboard": "Serve only the dashboard, until Ctrl-C.",
        "api": "Serve recommendations and accept listening events over HTTP, until Ctrl-C.",
        "down": "Stop the embedded services; their data is kept.",
        "status": "Show services, tables, collections, topics, what is published, and dead "
        "letters.",
        "doctor": "Check what is installed, reachable or missing, and say how to fix it.",
        "settings": "List every setting with its value, its meaning and what changing it affects.",
    },
    "Feeds and transcripts": {
        "ingest": "Read podcast feeds, announce new and changed episodes on Kafka, and follow the "
        "feeds.",
        "episodes": "List the known episodes with their ids, newest first.",
        "search": "Find the transcript passages that best match a query, by words and by meaning.",
        "plan": "Estimate what the transcripts of a range of days will cost. Fetches nothing.",
        "transcribe": "Transcribe the episodes of a range of days; with --redo also failed or "
        "quarantined ones.",
        "check-transcript": "Hear samples of an episode and say whether its publisher's transcript "
        "agrees with them.",
        "sources": "List, add and remove the podcast feeds that podrec follows.",
        "models": "List and download speech recognition models.",
    },
    "Listening events": {
        "produce": "Import listening events from a file (JSON lines or CSV) into Kafka.",
        "simulate": "Produce events of simulated listeners to Kafka: a history, or a live load.",
        "stream": "Land events from Kafka continuously, until Ctrl-C or SIGTERM.",
        "replay": "Read landed days from Kafka again and replace them, after showing what that "
        "affects.",
        "redrive": "Send dead letters to Kafka again, after what refused them was fixed.",
        "accept-loss": "Record events that Kafka deleted before they landed as lost, so that "
        "landing continues.",
        "dead-letters": "List the records that could not be used: feeds, transcripts or events "
        "with an error.",
        "forget": "Delete everything stored about a listener (right to erasure).",
    },
    "Pipeline runs": {
        "catch-up": "Land new records, update the tables of affected days, and publish today's "
        "lists.",
        "run": "Materialize chosen assets for a range of days in one Dagster run.",
        "backfill": "Have the Dagster daemon (`podrec ui`) materialize a range of days.",
        "graph": "Print the graph of Dagster assets as Markdown with a Mermaid diagram.",
    },
    "Recommendations": {
        "recommend": "Show a listener's published recommendations, each with its reason.",
        "similar": "Show the episodes most similar to one, with the times of the passages that "
        "match.",
        "trace": "Explain a recommendation: its scores, runs, inputs, and the listening events "
        "behind it.",
        "withdraw": "Withdraw an episode or a show: no list has it from the next publication on.",
        "publish": "Serve the lists of another day: roll back, or forward again.",
        "rebuild": "Recompute an old version from its recorded inputs and compare it byte by byte.",
        "export": "Write similar episodes in the podcast namespace's recommendations JSON format.",
        "evaluate": "Evaluate ALS on a file of ratings, compared with popularity and random "
        "rankings.",
    },
    "Maintenance": {
        "optimize": "Merge the small files of each day of the Delta tables. Rows do not change.",
        "vacuum": "Delete old files of the Delta tables that no reader and no kept list needs.",
        "backup": "Copy PODREC_HOME into a folder, with a manifest of hashes. Backups are offline.",
        "restore": "Restore a backup into an empty PODREC_HOME, after verifying the hash of every "
        "file.",
    },
}
