"""The formats under a record: canonical form, tree, Ed25519 and notes, zip and list (docs/evidence-format.md, sections 2, 4, 5, 6).

It shares nothing with the product: Python's standard library, a zip read by hand, and Ed25519 from RFC 8032 (python, not
openssl: verify.sh already rests on openssl, and openssl lets keys of small order pass).
"""
import base64, hashlib, json, re, struct, zlib

class Altered(Exception): pass
class CannotCheck(Exception): pass

def must(holds, words):
    if not holds:
        raise Altered(words)

def sha256(data): return hashlib.sha256(data).digest()
def unbase64(text):
    data = base64.b64decode(text, validate=True)
    must(base64.b64encode(data).decode() == text, "base64 is not in its one form")
    return data

def matches(pattern, text): return isinstance(text, str) and re.fullmatch(pattern, text, re.ASCII)
def is_count(value): return type(value) is int and value >= 0
HEX, UUID = r"[0-9a-f]{64}", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

# --- Section 2: the canonical form -------------------------------------------------------------------------------------
def canonical(raw, what):
    def members(pairs):
        must(len(dict(pairs)) == len(pairs), "a key stands twice")
        must(all(" " <= c <= "~" for key, _ in pairs for c in key), "a key is not printable ASCII")
        return dict(pairs)
    def number(text):
        must(abs(int(text)) < 2 ** 53, "a number is too large")
        return int(text)
    def refuse(text): raise Altered(f"{text} is not a whole number")
    def depth(value):
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if inner is None else 1 + max(map(depth, inner), default=0)
    try:
        value = json.loads(raw.decode(), object_pairs_hook=members, parse_int=number, parse_float=refuse, parse_constant=refuse)
        again = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except (Altered, ValueError, RecursionError) as fault:
        raise Altered(f"{what} is not canonical JSON: {fault}")
    must(depth(value) <= 64, f"{what} is nested too deeply")
    must(again == raw, f"{what} is not in canonical form")
    return value

def lines(raw, what):
    must(raw == b"" or raw.endswith(b"\n"), f"{what} does not end with a line end")
    return raw.split(b"\n")[:-1]

# --- Section 4: the tree -----------------------------------------------------------------------------------------------
def leaf_hash(raw): return sha256(b"\0" + raw)
def node(left, right): return sha256(b"\1" + left + right)
def split(length): return 1 << (length - 1).bit_length() - 1

def root(hashes):
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"")
    middle = split(len(hashes))
    return node(root(hashes[:middle]), root(hashes[middle:]))

def root_by_inclusion(leaf, index, size, path):  # RFC 9162 2.1.3.2
    must(0 <= index < size, "a proof speaks of a leaf outside its tree")
    at, last, found = index, size - 1, leaf
    for step in path:
        must(last > 0, "a proof is too long")
        if at & 1 or at == last:
            found = node(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, step)
        at, last = at >> 1, last >> 1
    must(last == 0, "a proof is too short")
    return found

def consistent(old, old_root, new, new_root, path):  # RFC 9162 2.1.4.2
    must(0 < old <= new, "a consistency proof has impossible sizes")
    if old == new:
        return path == [] and old_root == new_root
    path = ([old_root] if old & (old - 1) == 0 else []) + path
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    must(path, "a consistency proof is empty")
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node(step, first), node(step, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node(second, step)
        at, last = at >> 1, last >> 1
    return first == old_root and second == new_root and last == 0

def root_by_range(first, leaves, size, outside):
    end, leaves, outside = first + len(leaves), list(leaves), list(outside)
    def span(low, high):
        if high <= first or low >= end:
            must(outside, "the range proof is too short")
            return outside.pop(0)
        if high - low == 1:
            return leaves.pop(0)
        middle = low + split(high - low)
        return node(span(low, middle), span(middle, high))
    found = span(0, size)
    must(not outside and not leaves, "the range proof is too long")
    return found

def proof_file(raw, what, kind, *heads):
    text = [line.decode("ascii", "replace") for line in lines(raw, what)]
    must(len(text) > len(heads) and text[0] == kind, f"{what} is not a {kind} file")
    numbers = [re.fullmatch(name + " (0|[1-9][0-9]{0,15})", line) for name, line in zip(heads, text[1:])]
    hashes = text[1 + len(heads):]
    must(all(numbers) and all(matches(HEX, line) for line in hashes), f"{what} is malformed")
    return [int(number[1]) for number in numbers] + [[bytes.fromhex(line) for line in hashes]]

# --- Section 5: Ed25519 (RFC 8032), notes and keys ---------------------------------------------------------------------
P, L = 2 ** 255 - 19, 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P

def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P
def times(scalar, point):
    total = (0, 1, 1, 0)
    while scalar:
        total, point, scalar = add(total, point) if scalar & 1 else total, add(point, point), scalar >> 1
    return total
def pack(point):
    inverse = pow(point[2], P - 2, P)
    return (point[1] * inverse % P | (point[0] * inverse % P & 1) << 255).to_bytes(32, "little")
def unpack(raw):
    sign, y = raw[31] >> 7, int.from_bytes(raw, "little") & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    must(y < P and (x * x - square) % P == 0 and not (x == 0 and sign), "the key is no point of the curve")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P
BASE = unpack((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))

def key_point(public):
    point = unpack(public)
    must(pack(times(8, point)) != pack((0, 1, 1, 0)), "the key is of small order")
    return point

def signed(public, message, signature):
    point, s = key_point(public), int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    minus = (P - point[0], point[1], 1, P - point[3])
    return len(signature) == 64 and s < L and pack(add(times(s, BASE), times(k, minus))) == signature[:32]

class Key:
    def __init__(self, name, public):
        self.name, self.public = name, public
        self.id = sha256(name.encode() + b"\n\1" + public)[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(bytes([1]) + public).decode()}"
        self.ssh = string(b"ssh-ed25519") + string(public)
        self.fingerprint = "SHA256:" + base64.b64encode(sha256(self.ssh)).decode().rstrip("=")

    @classmethod
    def read(cls, vkey):
        parts = vkey.split("+", 2)
        must(len(parts) == 3, "the verifier key is malformed")
        packed = unbase64(parts[2])
        must(len(packed) == 33 and cls(parts[0], packed[1:]).vkey == vkey, "the verifier key is malformed")
        key_point(packed[1:])
        return cls(parts[0], packed[1:])

def string(data): return struct.pack(">I", len(data)) + data

class Head:
    """A signed note, read without checking its signature; `holds` checks that."""
    def __init__(self, raw, organization, what):
        found = re.fullmatch(rb"(([^\n]+)\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/]{43}=)\n)\n\xe2\x80\x94 ([^ \n]+) ([A-Za-z0-9+/=]+)\n", raw)
        must(found, f"{what} is not a checkpoint with one signature")
        self.origin = f"countersign/{organization}"
        must(found[2].decode() == found[5].decode() == self.origin, f"{what} is of another ledger")
        self.raw, self.body, self.size, self.root = raw, found[1], int(found[3]), unbase64(found[4].decode())
        packed = unbase64(found[6].decode())
        must(len(packed) == 68, f"the signature of {what} has the wrong length")
        self.key_id, self.signature, self.what = packed[:4], packed[4:], what

    def holds(self, key):
        must(key.name == self.origin and key.id == self.key_id, f"{self.what} is signed by another key")
        must(signed(key.public, self.body, self.signature), f"the signature of {self.what} does not hold")

def key_after(records, key):
    """The checkpoint key once these records are in the ledger; `key` is None before leaf 0."""
    for value in records:
        if value["type"] == "key/1" and value["key"]["purpose"] == "checkpoint" and value["event"] != "retired":
            must((value["event"] == "introduced") == (key is None), "a second key is introduced, or one rotated before the first")
            key = Key(value["key"]["name"], unbase64(value["key"]["public"]))
            must(value["key"]["algorithm"] == "ed25519" and value["key"]["id"] == key.id.hex(), "a key record contradicts itself")
        must(key is not None, "leaf 0 does not introduce a key")
    return key

def newer(value, known):
    name, _, version = str(value.get("format") if isinstance(value, dict) else "").partition("/")
    if name == known.split("/")[0] and matches("[1-9][0-9]{0,18}", version) and int(version) > int(known.split("/")[1]):
        raise CannotCheck(f"this is {name}/{version}: a newer verifier is needed")
    must(f"{name}/{version}" == known, f"this is no {known}")

# --- Section 6: zip ----------------------------------------------------------------------------------------------------
PART = r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_-])?"
EXTRA = {0x0001, 0x000A, 0x5455, 0x5855, 0x7855, 0x7875}  # zip64; times: NTFS, UT; user ids: UX (old), Ux, ux

def zip_fields(extra, usize, csize, offset, what):
    kinds, left = [], b""
    while extra:
        must(len(extra) >= 4, f"{what}: malformed extra field")
        kind, length = struct.unpack_from("<HH", extra)
        must(kind in EXTRA and kind not in kinds and len(extra) >= 4 + length, f"{what}: extra field that is not allowed")
        left = extra[4:4 + length] if kind == 1 else left
        kinds, extra = kinds + [kind], extra[4 + length:]
    values = []
    for value in (usize, csize, offset):
        if value == 0xFFFFFFFF:
            must(len(left) >= 8, f"{what}: zip64 field too short")
            value, left = struct.unpack("<Q", left[:8])[0], left[8:]
        values.append(value)
    must(not left, f"{what}: zip64 field that nothing needs")
    return values

def read_zip(data):
    """Entries by name, folders among them. Refuses what two programs could read differently."""
    if data.rfind(b"PK\5\6") < 0:
        raise CannotCheck("this is not a zip, or its end is missing")
    end = len(data) - 22
    must(end >= 0 and data[end:end + 4] == b"PK\5\6" and data[-2:] == b"\0\0", "the zip does not end with its end record")
    disk, start_disk, here, count, length, start = struct.unpack("<HHHHII", data[end + 4:end + 20])
    must((disk, start_disk) == (0, 0) and here == count, "the zip has several parts")
    stop = end
    if end >= 76 and data[end - 20:end - 16] == b"PK\6\7":
        stop = end - 76
        must(data[end - 16:end] == struct.pack("<IQI", 0, stop, 1), "the zip64 locator lies")
        must(data[stop:stop + 12] == b"PK\6\6" + struct.pack("<Q", 44), "the zip64 end record lies")
        big = struct.unpack("<IIQQQQ", data[stop + 16:end - 20])
        for small, limit, value in ((count, 0xFFFF, big[3]), (length, 0xFFFFFFFF, big[4]), (start, 0xFFFFFFFF, big[5])):
            must(small in (limit, value), "the two end records disagree")
        must(big[:2] == (0, 0) and big[2] == big[3], "the zip has several parts")
        count, length, start = big[3:]
    must(start + length == stop, "the central directory does not end where the end record begins")
    entries, spans, at = {}, [], start
    for _ in range(count):
        must(at + 46 <= stop and data[at:at + 4] == b"PK\1\2", "the central directory is cut short")
        flags, method, _, crc, csize, usize, nlen, xlen, clen, part, _, _, offset = struct.unpack("<HHIIIIHHHHHII", data[at + 8:at + 46])
        raw_name = data[at + 46:at + 46 + nlen]
        name = raw_name.decode("ascii", "backslashreplace")
        usize, csize, offset = zip_fields(data[at + 46 + nlen:at + 46 + nlen + xlen], usize, csize, offset, name)
        at += 46 + nlen + xlen + clen
        must(at <= stop and clen == 0 and part == 0, f"{name}: comment or cut short")
        must(flags & ~0x080E == 0, f"{name}: encrypted, or flags that are not allowed")
        must(method in (0, 8), f"{name}: a method other than stored and deflate")
        must(offset + 30 <= start and data[offset:offset + 4] == b"PK\3\4", f"{name}: no local header")
        l_flags, l_method, _, l_crc, l_csize, l_usize, l_nlen, l_xlen = struct.unpack("<HHIIIIHH", data[offset + 6:offset + 30])
        body = offset + 30 + l_nlen + l_xlen
        l_usize, l_csize, _ = zip_fields(data[offset + 30 + l_nlen:body], l_usize, l_csize, 0, name)
        streamed = flags & 8 and (l_crc, l_csize) == (0, 0) and l_usize in (0, usize)
        must((flags, method, raw_name) == (l_flags, l_method, data[offset + 30:offset + 30 + l_nlen])
             and (streamed or (crc, csize, usize) == (l_crc, l_csize, l_usize)), f"{name}: the two headers disagree")
        must(len(name) <= 200 and re.fullmatch(f"{PART}(/{PART})*/?", name), f"{name}: a name that is not allowed")
        must(name.rstrip("/").lower() not in (known.rstrip("/").lower() for known in entries), f"{name}: the name stands twice")
        must(usize <= 1040 * csize + 1024, f"{name}: unpacks to more than it can hold")
        # Sizes after the data (flag 8), in any of the four ways they are written.
        after = [mark + struct.pack(form, crc, csize, usize) for mark in (b"PK\7\x08", b"") for form in ("<IQQ", "<III") if csize < 1 << 32 > usize or form == "<IQQ"]
        spans.append((offset, body + csize, after if flags & 8 else [b""]))
        entries[name] = content = unpacked(data[body:body + csize], method, usize, name)
        must(zlib.crc32(content) == crc, f"{name}: wrong checksum in the zip")
    must(at == stop, "the central directory has bytes that nothing names")
    at = 0
    spans.sort()
    for (first, last, after), following in zip(spans, [span[0] for span in spans[1:]] + [start]):
        must(first == at and last <= following and data[last:following] in after, "there are bytes that no entry of the zip owns, or entries overlap")
        at = following
    must(at == start, "there are bytes before the central directory that no entry owns")
    return entries

def unpacked(packed, method, size, name):
    if method == 8:
        try:
            stream = zlib.decompressobj(-15)
            packed = stream.decompress(packed, size + 1)
            must(stream.eof or not stream.decompress(stream.unconsumed_tail, 1) and stream.eof, f"{name}: unpacks to another length")
        except zlib.error as fault:
            raise Altered(f"{name}: cannot be unpacked: {fault}")
    must(len(packed) == size, f"{name}: unpacks to another length")
    return packed

def read_sums(raw):
    sums = {}
    for line in lines(raw, "SHA256SUMS"):
        found = re.fullmatch(rb"([0-9a-f]{64})  ([A-Za-z0-9._/-]+)", line)
        must(found, "SHA256SUMS is malformed")
        must(not sums or list(sums)[-1].encode() < found[2], "SHA256SUMS is not sorted, or names a file twice")
        sums[found[2].decode()] = found[1].decode()
    return sums

def check_sums(entries, unlisted):
    must("SHA256SUMS" in entries, "SHA256SUMS is missing")
    sums = read_sums(entries["SHA256SUMS"])
    missing, extra = set(sums) - set(entries), set(entries) - set(sums) - set(unlisted)
    must(not missing, f"missing: {', '.join(sorted(missing))}")
    must(not extra, f"not in the list: {', '.join(sorted(extra))}")
    must(set(unlisted) <= set(entries) and not set(unlisted) & set(sums), "the unlisted files are missing or listed")
    for name, digest in sums.items():
        must(sha256(entries[name]).hex() == digest, f"{name} was altered: it does not have the listed digest")
