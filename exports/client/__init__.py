"""A client of a Longhaul somewhere else: httpx and rich, and nothing of the site. `pip install ./exports/client`.

with Longhaul("https://exports.example.com", token="lh_…") as site:
    project = site.begin_project("Holiday")
    clips = [site.upload(project, path) for path in paths]
    site.arrange(project, clips)
    for seen in site.watch(site.export(project, size="1080p")["id"]):
        print(seen["job"]["percent"])
"""

from .asking import Away, Refused
from .site import Longhaul

__all__ = ["Away", "Longhaul", "Refused"]
