"""`podrec graph`: the graph as a page, drawn from the definitions themselves, so that it cannot say
what is not so.
"""

import sys

import dagster as dg
import typer

from podrec_assets.settings import Settings

HEAD = """# The graph

Drawn by `podrec graph` from the definitions; a test holds this page to them. Arrows are dependencies of the asset graph.

"""


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(graph)


def graph() -> None:
    """Print the asset graph as Markdown with a Mermaid drawing.

    Example: podrec graph > docs/graph.md
    """
    from podrec_assets.definitions import build_defs

    sys.stdout.write(graph_page(build_defs(Settings.load())))


def graph_page(defs: dg.Definitions) -> str:
    """Markdown: a drawing of all assets by group, and a line on each with the first sentence of its
    description.
    """
    resolved = defs.resolve_asset_graph()
    nodes = sorted(
        (resolved.get(k) for k in resolved.get_all_asset_keys()),
        key=lambda n: n.key.to_user_string(),
    )
    lines = ["```mermaid", "flowchart LR"]
    for group in sorted({n.group_name for n in nodes}):
        lines.append(f"  subgraph {group}")
        lines += [f"    {n.key.to_user_string()}" for n in nodes if n.group_name == group]
        lines.append("  end")
    for node in nodes:
        lines += [
            f"  {p.to_user_string()} --> {node.key.to_user_string()}"
            for p in sorted(node.parent_keys)
        ]
    lines += ["```", "", "| asset | group | kinds | what it is |", "|---|---|---|---|"]
    lines += [
        f"| `{n.key.to_user_string()}` | {n.group_name} | {', '.join(sorted(n.kinds))} | {_first_sentence(n.description or '')} |"
        for n in nodes
    ]
    return HEAD + "\n".join(lines) + "\n"


def _first_sentence(text: str) -> str:
    flat = " ".join(text.split())
    return flat.partition(". ")[0].rstrip(".") + "."
