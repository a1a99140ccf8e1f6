"""JSON schema of the podcast namespace's recommendations file, specification of 2021-08-31."""

LINK_TYPES = ["generic", "feed", "item", "none"]
MEDIA = ["podcast", "music", "video", "film", "audiobook", "newsletter", "blog"]
MOTIVES = [
    "references", "additional content", "acknowledgment", "advertising", "audience exchange",
    "content-based recommendation", "audience-based recommendation", "made by the same people",
]  # fmt: skip
TEXT, SECONDS = {"type": "string"}, {"type": "number", "minimum": 0}
SCHEMA = {
    "type": "object",
    "required": ["version", "recommendations"],
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(("version", "comment", "title", "feed", "guid", "url"), TEXT),
        "recommendations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["linkType", "medium", "title"],
                "additionalProperties": False,
                "properties": {
                    **dict.fromkeys(("title", "url", "image", "feed", "guid"), TEXT),
                    **dict.fromkeys(
                        ("displayStartTime", "displayDuration", "startTime", "duration"), SECONDS
                    ),
                    "linkType": {"enum": LINK_TYPES},
                    "medium": {"enum": MEDIA},
                    "motive": {"enum": MOTIVES},
                    "relevance": {"type": "number", "minimum": 0, "maximum": 1},
                },
            },
        },
    },
}
