"""`podrec settings`: every setting with its value."""

from podrec_assets.cli.console import Json, emit, line, out
from podrec_assets.redaction import redacted_text
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
            "value": redacted_text(str(getattr(current, name))),
            "meaning": field.description,
            "changes": mark(field),
        }
        for subject in Settings.subjects()
        for name, field in subject.model_fields.items()
    }
    emit(document, as_json, _print_settings)


def _print_settings(document: dict) -> None:
    for name, setting in document.items():
        out.print(line((name, "bold"), f"={setting['value']} ", (f"({setting['changes']})", "dim")))
        out.print(f"    {setting['meaning']}")
