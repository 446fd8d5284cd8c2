"""A figure as a page of the report: seen whole, with its caption."""

import base64
import html

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
<img alt="{alt}" src="data:image/png;base64,{png}"></label>
<figcaption>{caption} <small>(Click the figure for its full size. For print: figures/{name}.pdf,
.eps.)</small></figcaption>
</figure>
</html>
"""


def figure_page(name: str, title: str, caption: str, png: bytes, width: int) -> str:
    """The page of the figure ``name``, whose picture is at most ``width`` CSS pixels wide."""
    title, caption = (html.escape(" ".join(text.split())) for text in (title, caption))
    return PAGE.format(
        name=html.escape(name),
        title=title,
        caption=caption,
        alt=f"{title} {caption}",
        png=base64.b64encode(png).decode("ascii"),
        width=width,
    )
