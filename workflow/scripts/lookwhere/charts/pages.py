"""A figure as a page of the report: fitted to the window, with its caption."""

import base64
import html
import io

from PIL import Image

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 0.5rem; color: #222; background: #fff; }}
figure {{ margin: 0; }}
img {{ display: block; cursor: zoom-in; }}
img {{ max-width: min(100%, {width}px); max-height: calc(100vh - 1rem); }}
input {{ position: absolute; opacity: 0; }}
input:focus-visible + img {{ outline: 2px solid #0b57d0; }}
input:checked + img {{ max-width: none; max-height: none; cursor: zoom-out; }}
figcaption {{ max-width: 44rem; margin-top: 0.5rem; }}
</style>
<figure>
<label><input type="checkbox" aria-label="Full size">
<img alt="{alt}" src="data:image/{kind};base64,{picture}"></label>
<figcaption>{caption} <small>(Click the figure for its full size. For print: figures/{name}.pdf,
.eps.)</small></figcaption>
</figure>
</html>
"""


MOST_BYTES = 500_000  # of a picture: a report's page is a data URL, of at most 2 MB in Chromium


def figure_page(name: str, title: str, caption: str, png: bytes, width: int) -> str:
    """The page of the figure ``name``, whose picture is at most ``width`` CSS pixels wide."""
    title, caption = (html.escape(" ".join(text.split())) for text in (title, caption))
    kind, picture = ("png", png) if len(png) <= MOST_BYTES else ("webp", _smaller(png, width))
    return PAGE.format(
        name=html.escape(name),
        title=title,
        caption=caption,
        alt=f"{title} {caption}",
        kind=kind,
        picture=base64.b64encode(picture).decode("ascii"),
        width=width,
    )


def _smaller(png: bytes, width: int) -> bytes:
    """The picture at the ``width`` in pixels, as WebP of a quality that fits MOST_BYTES."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        small = image.convert("RGB").resize((width, round(width * image.height / image.width)))
    for quality in (90, 75, 50, 25):
        content = io.BytesIO()
        small.save(content, "webp", quality=quality)
        if content.tell() <= MOST_BYTES:
            break
    return content.getvalue()
