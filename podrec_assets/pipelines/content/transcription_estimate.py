"""What a run of `transcripts` would cost, without fetching anything."""

from datetime import date, datetime
from math import ceil

from podrec_assets.content.asr.engine_choice import choose_engine
from podrec_assets.content.transcripts import choose
from podrec_assets.content.transcripts.formats import detect_format
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.asr_run import ASSUMED_S
from podrec_assets.pipelines.content.transcription import look_up


def plan_transcripts(connections: Connections, first: date, last: date, now: datetime) -> dict:
    """What the days' episodes need, by the feeds' own lengths; an episode without one counts as
    ASSUMED_S.

    Returns:
        episode_count, finished_count (rows that stay), publisher_count and publisher_minutes (have
        a link of a known format), cached_count and cached_minutes (ASR result on disk), asr_count
        and asr_minutes (to be transcribed if no publisher's transcript is usable beside the
        others), unknown_length_count (of those), no_audio_count, no_model_count, engine,
        seconds_per_audio_second (measured here; None before any), expected_asr_minutes (of
        computing, one worker), run_count (runs of the present budget; None for a budget of 0).
    """
    settings, engine = connections.settings, choose_engine(connections.settings)
    episodes = connections.lake.read(
        "episodes", f"day >= '{first}' AND day <= '{last}'"
    ).to_pylist()
    known = look_up(connections.lake, episodes, now, engine)
    groups: dict[str, list[dict]] = {
        n: [] for n in ("publisher", "cached", "asr", "no_audio", "no_model")
    }
    for episode in known.todo:
        links = choose.ordered_links(episode["transcripts"] or [], episode["language"])
        if any(detect_format(link.get("type"), link["url"]) for link in links):
            groups["publisher"].append(episode)
        elif not episode["audio_url"]:
            groups["no_audio"].append(episode)
        elif engine is None or not engine.supports(episode["language"]):
            groups["no_model"].append(episode)
        else:
            is_cached = connections.recognitions.has(choose.recognition_key(episode, engine))
            groups["cached" if is_cached else "asr"].append(episode)
    exact = {
        name: sum(e["duration_s"] or ASSUMED_S for e in found) / 60
        for name, found in groups.items()
    }
    factor = connections.recognitions.real_time_factor(engine.version) if engine else None
    budget = settings.asr_minutes_per_run
    return {
        "first_day": str(first),
        "last_day": str(last),
        "episode_count": len(episodes),
        "finished_count": len(known.kept),
        **{f"{name}_count": len(found) for name, found in groups.items()},
        **{f"{name}_minutes": round(exact[name], 1) for name in ("publisher", "cached", "asr")},
        "unknown_length_count": sum(not e["duration_s"] for e in groups["asr"]),
        "engine": engine.version if engine else None,
        "seconds_per_audio_second": round(factor, 3) if factor else None,
        "expected_asr_minutes": round(exact["asr"] * factor, 1) if factor else None,
        "run_count": ceil(exact["asr"] / budget) if budget else None,
    }
