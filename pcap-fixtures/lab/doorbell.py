"""Captures of what only Doorbell sends: the tests that hold them make them, not this script."""

from scenarios import SCENARIOS


def kept(name, maker, shows, strict):
    SCENARIOS.append({"name": name, "shows": shows + " (made by " + maker + ")", "side": "server", "strict": strict,
                      "form": "tcpdump", "run": None})


kept("template-linux", "TemplateLinuxTest in xdp; Linux 6.18 is the peer",
     "one template sent three times, each time with another price, and an ordinary send in between", "acks")
kept("partial-message-linux", "PartialMessageLinuxTest in xdp; Linux 6.18 is the peer",
     "a message of 30 bytes of which 2 at offset 10 were not known: 10 bytes at 0, 18 at 12, and half a second later 2 at"
     " 10; Linux reports the second by SACK", "bytes")
kept("multi-segment", "DissectorTest in tools: two Doorbells on a cable in memory",
     "the multi-segment option: an order whose four known parts leave in one segment and its three last ones in another"
     " (docs/multi-segment.md)", "segments")
