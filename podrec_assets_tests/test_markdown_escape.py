"""Untrusted text in Markdown is escaped, and code stays code."""

import pytest

from podrec_assets.markdown_escape import JOINER as J
from podrec_assets.markdown_escape import escape_markdown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("![x](http://tracker.example/p.png)", rf"!\[x\](http{J}://tracker.example/p.png)"),
        (
            "WWW.Tracker.example, me@tracker.example",
            f"WWW{J}.Tracker.example, me@{J}tracker.example",
        ),
        ("<script>alert(1)</script> &amp;", r"\<script\>alert(1)\</script\> \&amp;"),
        (":red[loud] and $x^2$", rf":{J}red\[loud\] and \$x^2\$"),
        ("at 1:02:03", "at 1:02:03"),
        ("**bold** ~gone~ a|b \\", r"\*\*bold\*\* \~gone\~ a\|b \\"),
        ("_thin_ user_events", r"\_thin\_ user_events"),
        ("two\n# lines", "two # lines"),
        ("# one", r"\# one"),
        ("3. third", r"3\. third"),
        (None, ""),
        (
            "run `podrec sources add http://a.example/x_[y]`",
            "run `podrec sources add http://a.example/x_[y]`",
        ),
        ("``http://a.example` y ` z", f"``http{J}://a.example` y ` z"),
    ],
)
def test_markup_is_shown_and_not_followed(given: str | None, shown: str) -> None:
    assert escape_markdown(given) == shown
