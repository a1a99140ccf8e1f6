"""Plots: valid images that depend on the rows."""

import base64
import json
from datetime import date

import pytest

from podrec_assets.recommend.evaluation.plots import (
    alpha_curves,
    preference_over_days,
    quality_over_days,
    tuning_trials,
)

pytestmark = pytest.mark.slow

PNG = b"\x89PNG"


def image(markdown: str) -> bytes:
    head, _, data = markdown.partition("base64,")
    assert head.endswith("](data:image/png;")
    return base64.b64decode(data.removesuffix(")"))


def test_the_plot_of_alpha_changes_with_the_choice() -> None:
    curve = json.dumps(
        [{"alpha": a, "ndcg": 0.5 + a / 10, "low": 0.4, "high": 0.7} for a in (0.0, 0.5, 1.0)]
    )
    rows = [{"bucket": "0", "alpha": 0.7, "source": "default", "curve": None}]
    rows.append(
        {"bucket": "1-4", "alpha": 1.0, "source": "clicks of 90 listener days", "curve": curve}
    )
    first = image(alpha_curves(rows))
    assert first.startswith(PNG)
    assert image(alpha_curves([rows[0], rows[1] | {"alpha": 0.5}])) != first


def test_quality_is_drawn_over_days_and_no_rows_give_a_note() -> None:
    rows = [
        {
            "day": date(2026, 11, n),
            "ranker": r,
            "metric": "ndcg@10",
            "value": 0.1 * n,
            "low": 0.0,
            "high": 0.5,
        }
        for n in (1, 2, 3)
        for r in ("blend", "popularity")
    ]
    assert image(quality_over_days(rows)).startswith(PNG)
    assert "no day with plays" in quality_over_days([])


def test_trials_are_drawn_with_the_chosen_one_marked_and_no_rows_give_a_note() -> None:
    rows: list[dict] = [{"ranker": "popularity", "ndcg": 0.1}]
    for n in (1, 2):
        values = {
            "als_rank": 8 * n,
            "als_regularization": 0.1,
            "als_alpha": 1.0,
            "half_life_days": 45.0,
        }
        rows.append(
            {"ranker": "als", "ndcg": 0.1 * n, "ndcg_low": 0.05, "ndcg_high": 0.3, **values}
        )
        rows[-1] |= {"is_current": n == 1, "is_chosen": n == 2}
    first = image(tuning_trials(rows))
    assert first.startswith(PNG)
    assert image(tuning_trials([*rows[:2], rows[2] | {"is_chosen": False}])) != first
    assert tuning_trials([]).startswith("_Nothing tried")


def test_preference_is_drawn_by_challenger_and_no_rows_give_a_note() -> None:
    result = {"preference": 0.6, "low": 0.5, "high": 0.7}
    rows = [
        {"day": date(2026, 11, n), "challenger_alpha": alpha, **result}
        for n in (1, 2)
        for alpha in (0.2, 0.9)
    ]
    first = image(preference_over_days(rows))
    assert first.startswith(PNG)
    assert image(preference_over_days([*rows[:3], rows[3] | {"preference": 0.55}])) != first
    assert "no interleaved list got a click" in preference_over_days(
        [rows[0] | {"preference": None}]
    )
