"""`podrec settings`: every setting with its value."""

from rich.markup import escape

from podrec_assets.cli.console import Json, emit, out
from podrec_assets.settings import Settings
from podrec_assets.settings.fields import mark, variable


def settings(as_json: Json = False) -> None:
    """List every setting with its value, its meaning and what changing it affects.

    Secrets are hidden. Settings marked "results" change tables, models or lists.

    Example: podrec settings
    """
    current = Settings.load()
    document = {
        variable(name): {
            "value": str(getattr(current, name)),
            "meaning": field.description,
            "changes": mark(field),
        }
        for subject in Settings.subjects()
        for name, field in subject.model_fields.items()
    }
    emit(document, as_json, _print_settings)


def _print_settings(document: dict) -> None:
    for name, setting in document.items():
        out.print(f"[bold]{name}[/]={escape(setting['value'])} [dim]({setting['changes']})[/]")
        out.print(f"    {setting['meaning']}", markup=False)
