"""What a run of `transcripts` would cost, without fetching anything."""

from datetime import date, datetime
from math import ceil

from podrec_assets.content.asr.engine_choice import choose_engine
from podrec_assets.content.transcripts import choose
from podrec_assets.content.transcripts.formats import detect_format
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.asr_run import ASSUMED_S
from podrec_assets.pipelines.content.transcription import look_up
from podrec_assets.schemas import EPISODES
from podrec_assets.stores.delta import between


def plan_transcripts(connections: Connections, first: date, last: date, now: datetime) -> dict:
    """Estimates what the days' episodes need, from the lengths that the feeds announce.

    An episode without a length counts as ASSUMED_S.

    Returns:
        episode_count: episodes of the days.
        finished_count: episodes whose row is kept.
        publisher_count, publisher_minutes: episodes with a link of a known format.
        cached_count, cached_minutes: episodes with an ASR result on disk.
        asr_count, asr_minutes: episodes to transcribe, if every publisher transcript is usable.
        unknown_length_count: of these, the ones without an announced length.
        no_audio_count, no_model_count: episodes that get no transcript.
        engine: version of the ASR engine.
        seconds_per_audio_second: measured on this machine; None before the first measurement.
        expected_asr_minutes: computing time of one worker.
        run_count: runs that the current budget needs; None for a budget of 0.
    """
    settings, engine = connections.settings, choose_engine(connections.settings)
    episodes = connections.lake.read(EPISODES.name, between(first, last)).to_pylist()
    known = look_up(connections.lake, episodes, now, engine)
    names = ("publisher", "cached", "asr", "no_audio", "no_model")
    groups: dict[str, list[dict]] = {name: [] for name in names}
    for episode in known.todo:
        links = choose.ordered_links(episode["transcripts"] or [], episode["language"])
        if any(detect_format(link.get("type"), link["url"]) for link in links):
            groups["publisher"].append(episode)
        elif not episode["audio_url"]:
            groups["no_audio"].append(episode)
        elif engine is None or not engine.supports(episode["language"]):
            groups["no_model"].append(episode)
        else:
            is_cached = connections.asr_results.has(choose.recognition_key(episode, engine))
            groups["cached" if is_cached else "asr"].append(episode)
    minutes = {
        name: sum(e["duration_s"] or ASSUMED_S for e in group) / 60
        for name, group in groups.items()
    }
    factor = connections.asr_results.real_time_factor(engine.version) if engine else None
    budget = settings.asr_minutes_per_run
    return {
        "first_day": str(first),
        "last_day": str(last),
        "episode_count": len(episodes),
        "finished_count": len(known.kept),
        **{f"{name}_count": len(group) for name, group in groups.items()},
        **{f"{name}_minutes": round(minutes[name], 1) for name in ("publisher", "cached", "asr")},
        "unknown_length_count": sum(not e["duration_s"] for e in groups["asr"]),
        "engine": engine.version if engine else None,
        "seconds_per_audio_second": round(factor, 3) if factor else None,
        "expected_asr_minutes": round(minutes["asr"] * factor, 1) if factor else None,
        "run_count": ceil(minutes["asr"] / budget) if budget else None,
    }
