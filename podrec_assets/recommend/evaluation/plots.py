"""Plots as Markdown images (PNG) for the UI, since Dagster draws no charts of a table."""

import base64
import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN_METRICS = ("ndcg@10", "recall@10", "click_through", "coverage")
TUNED = ("als_rank", "als_regularization", "als_alpha", "half_life_days")
DPI = 80


def alpha_curves(weights: list[dict]) -> str:
    """Returns a plot of rows of FUSION_WEIGHTS: nDCG by alpha, one panel a bucket."""
    figure = _figure(len(weights), "share of ALS (alpha)")
    for axes, row in zip(figure.axes, weights, strict=True):
        axes.set_title(f"{row['bucket']} heard: alpha {row['alpha']}\n{row['source']}", fontsize=7)
        curve = json.loads(row["curve"]) if row["curve"] else []
        if curve:
            alphas = [c["alpha"] for c in curve]
            axes.fill_between(
                alphas, [c["low"] for c in curve], [c["high"] for c in curve], alpha=0.25
            )
            axes.plot(alphas, [c["ndcg"] for c in curve], marker=".")
        else:
            axes.text(0.5, 0.5, "no data", ha="center", transform=axes.transAxes)
        axes.axvline(row["alpha"], linestyle="--", color="black")
        axes.set_xlim(-0.02, 1.02)
    figure.axes[0].set_ylabel("nDCG")
    return _markdown(figure, "nDCG by alpha")


def quality_over_days(rows: list[dict]) -> str:
    """Returns a plot of rows of RECOMMENDATION_QUALITY: one panel a metric, one line a ranker."""
    metrics = [m for m in SHOWN_METRICS if any(r["metric"] == m for r in rows)]
    if not metrics:
        return "_Nothing measured yet: no day with plays has lists of the day before._"
    figure = _figure(len(metrics), "day")
    for axes, metric in zip(figure.axes, metrics, strict=True):
        axes.set_title(metric, fontsize=9)
        for ranker in sorted({r["ranker"] for r in rows if r["metric"] == metric}):
            points = sorted(
                (r for r in rows if (r["metric"], r["ranker"]) == (metric, ranker)),
                key=lambda r: r["day"],
            )
            days = [r["day"] for r in points]
            axes.fill_between(
                days, [r["low"] for r in points], [r["high"] for r in points], alpha=0.15
            )
            axes.plot(days, [r["value"] for r in points], marker=".", label=ranker)
        axes.legend(fontsize=7)
    figure.autofmt_xdate()
    return _markdown(figure, "quality over days")


def preference_over_days(rows: list[dict]) -> str:
    """Returns a plot of rows of BLEND_EXPERIMENT: preference by day, one panel a challenger."""
    decided = [r for r in rows if r["preference"] is not None]
    if not decided:
        return "_Nothing decided yet: no interleaved list got a click, play, like or share._"
    alphas = sorted({r["challenger_alpha"] for r in decided})
    figure = _figure(len(alphas), "day")
    for axes, alpha in zip(figure.axes, alphas, strict=True):
        points = sorted(
            (r for r in decided if r["challenger_alpha"] == alpha), key=lambda r: r["day"]
        )
        axes.set_title(f"challenger: alpha {alpha:g}", fontsize=9)
        _error_bars(axes, points, ("day", "preference", "low", "high"))
        axes.axhline(0.5, linestyle="--", color="black")
        axes.set_ylim(-0.02, 1.02)
    figure.axes[0].set_ylabel("prefer the challenger")
    figure.autofmt_xdate()
    return _markdown(figure, "preference over days")


def tuning_trials(rows: list[dict]) -> str:
    """Returns a plot of rows of ALS_TUNING: nDCG of each trial by setting, popularity as a line."""
    tried = [r for r in rows if r["ranker"] == "als"]
    if not tried:
        return "_Nothing tried: nothing new was played in the days held out._"
    popularity = next(r["ndcg"] for r in rows if r["ranker"] == "popularity")
    figure = _figure(len(TUNED), "value")
    for axes, name in zip(figure.axes, TUNED, strict=True):
        axes.set_title(name, fontsize=9)
        axes.axhline(popularity, linestyle=":", color="black", label="popularity")
        for label, colour, points in (
            ("tried", "tab:grey", tried),
            ("in force", "tab:blue", [r for r in tried if r["is_current"]]),
            ("chosen", "tab:red", [r for r in tried if r["is_chosen"]]),
        ):
            columns = (name, "ndcg", "ndcg_low", "ndcg_high")
            _error_bars(axes, points, columns, color=colour, label=label, alpha=0.8)
        axes.set_xscale("log")
    figure.axes[0].set_ylabel("nDCG@10")
    figure.axes[0].legend(fontsize=7)
    return _markdown(figure, "nDCG by setting")


def _error_bars(
    axes: "Axes", rows: list[dict], columns: tuple[str, str, str, str], **style: Any
) -> None:
    """Draws rows as points with intervals; `columns` are those of x, y, low and high."""
    x, y, low, high = ([row[column] for row in rows] for column in columns)
    below = [value - end for value, end in zip(y, low, strict=True)]
    above = [end - value for value, end in zip(y, high, strict=True)]
    axes.errorbar(x, y, yerr=[below, above], fmt="o", markersize=4, **style)


def _figure(panels: int, below: str) -> "Figure":
    # Imported here: matplotlib takes a second to load and most runs draw nothing. Not pyplot, which
    # is not thread-safe.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.2 * panels, 2.8), layout="constrained")
    for axes in figure.subplots(1, panels, squeeze=False)[0]:
        axes.set_xlabel(below, fontsize=8)
        axes.tick_params(labelsize=7)
    return figure


def _markdown(figure: "Figure", name: str) -> str:
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=DPI)
    return f"![{name}](data:image/png;base64,{base64.b64encode(png.getvalue()).decode()})"
