#!/usr/bin/env python3
"""A second verifier of evidence packages and vaults, written from docs/evidence-format.md alone; see also formats.py.

It reads whole files into memory.

usage: verify.py [--key KEY] PACKAGE.zip | verify.py --vault [--key KEY] [--since CHECKPOINT] DIRECTORY
exit codes: 0 fine, 3 altered or inconsistent, 2 cannot be checked
"""
import base64, calendar, hashlib, os, re, struct, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from formats import *

# --- Section 3: records ------------------------------------------------------------------------------------------------
MEMBERS = {  # type: (members, members that may be absent)
    "evidence/1": ("run collector dataset target source started finished outcome reason provenance redactions", "source_clock"),
    "judgement/1": ("run at catalog counts", ""), "responsibility/1": ("framework version state matrix at model", "by"),
    "change/1": ("at by subject change", ""), "report/1": ("at kind as_of catalog checkpoint", "framework"), "key/1": ("at event key", ""),
    "attestation/1": ("at by framework control claim statement valid_from", "objective valid_until replaces addresses form"),
    "deletion/1": ("at by basis archives objects artifacts", "")}
INNER = {"collector": ("id digest", ""), "by": ("name", "party handle"), "subject": ("kind id", ""), "checkpoint": ("size root", ""),
         "key": ("name algorithm public id purpose", ""), "form": ("id", "way targets")}
CLAIMS = "met not_applicable not_tested partial withdrawn".split()
OUTCOMES = "complete empty partial denied unlicensed not_offered unreachable throttled failed".split()
TIME = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)\.\d{6}Z"
# What a member holds, by its name; any other is text, or an object that is looked at where it is met.
HOLDS = {name: form for form, names in ((HEX, "sha256 digest matrix catalog root hash object"), (UUID, "run organization"),
         (TIME, "at as_of started finished source_clock created valid_from valid_until"), (dict, "provenance counts change head archive was now"),
         (list, "redactions artifacts archives range_proof path ranges addresses targets"),
         (int, "size count version first end records records_left_out objects objects_left_out leaf sequence first_leaf leaf_count replaces"))
         for name in names.split()}

def shaped(value, needed, optional, what):
    must(isinstance(value, dict) and set(needed.split()) <= set(value) <= set((needed + " " + optional).split()),
         f"{what} has missing or unknown members")
    for name, inner in value.items():
        form = HOLDS.get(name, dict if name in INNER and isinstance(inner, dict) else str)
        form = dict if name == "artifact_list" else form
        holds = matches(form, inner) if isinstance(form, str) else is_count(inner) if form is int else isinstance(inner, form)
        holds = holds and (form is not TIME or int(inner[8:10]) <= days(int(inner[:4]), int(inner[5:7])))
        must(holds, f"`{name}` of {what} does not hold what it should (optional members are absent, never null)")

def days(year, month): return calendar.mdays[month] + (month == 2 and calendar.isleap(year))

def artifact(value, what):
    shaped(value, "name sha256 size media_type", "", what)

def record(raw, organization, what):
    must(len(raw) <= 32768, f"{what} is too long")
    value = canonical(raw, what)
    must(isinstance(value, dict) and matches(r"[a-z_]+/[1-9][0-9]*", value.get("type")), f"{what} has no type")
    must(value.get("organization") == organization, f"{what} belongs to another organization")
    must(not ("artifacts" in value and "artifact_list" in value), f"{what} has artifacts twice")
    must(isinstance(value.get("artifacts", []), list), f"{what} has artifacts that are no list")
    for each in value.get("artifacts", []):
        artifact(each, f"an artifact of {what}")
    if "artifact_list" in value:
        shaped(value["artifact_list"], "sha256 size count", "", f"the artifact list of {what}")
    if value["type"] in MEMBERS:
        needed, optional = MEMBERS[value["type"]]
        extra = "" if value["type"] in ("key/1", "deletion/1") else " artifacts artifact_list"
        shaped(value, needed + " type organization", optional + extra, what)
        for name, (inner, may) in INNER.items():
            if name in value:
                shaped(value[name], inner, may, f"`{name}` of {what}")
        for each in value.get("redactions", []):
            shaped(each, "rule artifact ranges", "", f"a redaction of {what}")
            must(all(isinstance(pair, list) and len(pair) == 2 and all(map(is_count, pair)) for pair in each["ranges"]), f"{what}: bad ranges")
        must(all(is_count(number) for number in value.get("counts", {}).values()), f"{what} counts something that is no number")
        must(value["type"] != "evidence/1" or value["outcome"] in OUTCOMES, f"{what} has an unknown outcome")
        must(value["type"] != "attestation/1" or value["claim"] in CLAIMS, f"{what} has an unknown claim")
        for names in (value.get("addresses"), value.get("form", {}).get("targets")):
            must(names is None or (names and all(isinstance(name, str) for name in names)), f"{what} names nothing in a list")
        for each in value.get("archives", []):
            shaped(each, "was now", "", f"an item of `archives` of {what}")
            shaped(each["was"], "name sha256", "", f"`was` of {what}")
            shaped(each["now"], "name sha256 size", "", f"`now` of {what}")
        must(value["type"] != "deletion/1" or len(value["artifacts"]) == 1, f"{what} has other artifacts than one list")
        must(value["type"] != "key/1" or value["event"] in ("introduced", "rotated", "retired"), f"{what} has an unknown event")
    return value

def named_objects(records, content):
    """Every (place among the records, digest, size) that records name, also by artifact lists; `content(digest)` gives an object's bytes or None."""
    for place, value in enumerate(records):
        yield from ((place, each["sha256"], each["size"]) for each in value.get("artifacts", []))
        if "artifact_list" in value:
            named = value["artifact_list"]
            yield place, named["sha256"], named["size"]
            if content(named["sha256"]) is not None:
                listed = lines(content(named["sha256"]), "an artifact list")
                must(len(listed) == named["count"], f"the artifact list {named['sha256']} has another count than its record says")
                for line in listed:
                    each = canonical(line, "a line of an artifact list")
                    artifact(each, "a line of an artifact list")
                    yield place, each["sha256"], each["size"]

# --- Sections 7 and 8: vault and deletion --------------------------------------------------------------------------------------------------
def read_file(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as fault:
        raise CannotCheck(f"{path} cannot be read: {fault.strerror}")

def read_log(folder, organization):
    """All commits in sequence; then why the ledger goes on beyond what can be read, if it does."""
    commits = []
    for sequence, name in enumerate(sorted(name for name in os.listdir(os.path.join(folder, "log")) if matches(r"\d{16}\.json", name)), 1):
        must(name == f"{sequence:016}.json", f"log object {sequence:016}.json is missing (found {name})")
        entry = canonical(read_file(os.path.join(folder, "log", name)), f"log object {name}")
        try:
            newer(entry, "countersign-log/1")
        except CannotCheck as fault:
            # What a newer version did to these commits' archives is not known: look at those that are as they were.
            there = [os.path.isfile(os.path.join(folder, "archives", each["archive"]["name"])) for each in commits] + [False]
            return commits[:there.index(False)], CannotCheck(f"log object {name}: {fault}")
        shaped(entry, "format organization sequence archive first_leaf leaf_count checkpoint", "", f"log object {name}")
        must((entry["organization"], entry["sequence"]) == (organization, sequence), f"log object {name} belongs elsewhere")
        shaped(entry["archive"], "name sha256 size", "", f"`archive` of log object {name}")
        must(is_archive_name(entry["archive"]["name"]), f"log object {name} names a strange archive")
        commits.append(entry)
    return commits, None

def is_archive_name(name): return matches(PART, name) and name.endswith(".zip") and len(name) <= 200

class Commit:
    """One commit, with the archive in force for it."""
    def __init__(self, folder, organization, entry, stands):
        kept = entry["archive"]
        kept = stands.get((kept["name"], kept["sha256"]), kept)
        self.entry, self.archive, self.what = entry, kept["name"], f"the head of commit {entry['sequence']}"
        path = os.path.join(folder, "archives", self.archive)
        must(os.path.isfile(path), f"archive {path} is missing")
        data = read_file(path)
        must(len(data) == kept["size"] and sha256(data).hex() == kept["sha256"], f"archive {path} was altered")
        try:
            entries = read_zip(data)
            check_sums(entries, ["SHA256SUMS", "checkpoint"])
            must("records.jsonl" in entries, "records.jsonl is missing")
            self.raws = lines(entries["records.jsonl"], "records.jsonl")
            self.records = [record(raw, organization, f"record {entry['first_leaf'] + k}") for k, raw in enumerate(self.raws)]
            must(entry["leaf_count"] == len(self.records), f"commit {entry['sequence']} counts other leaves than its archive has")
            self.objects = {}
            for file in set(entries) - {"records.jsonl", "SHA256SUMS", "checkpoint"}:
                must(matches("objects/" + HEX, file) and sha256(entries[file]).hex() == file[8:], f"{file} is no object of its digest")
                self.objects[file[8:]] = entries[file]
            self.head = Head(entries["checkpoint"], organization, self.what)
            must(self.head.raw.decode() == entry["checkpoint"], f"commit {entry['sequence']} and its archive have different checkpoints")
        except Altered as fault:
            raise Altered(f"{self.archive}: {fault}")

    def deletions(self):
        """With leaf and commit."""
        first, sequence = self.entry["first_leaf"], self.entry["sequence"]
        return [(first + k, sequence, value) for k, value in enumerate(self.records) if value["type"] == "deletion/1"]

def read_commits(folder, organization, log):
    """From the last to the first, so that it is known what stands for an archive before that archive is looked at."""
    commits, stands = [], {}
    for entry in reversed(log):
        commits.insert(0, Commit(folder, organization, entry, stands))
        for _, _, deletion in reversed(commits[0].deletions()):
            for each in deletion["archives"]:
                was, now = each["was"], each["now"]
                must(is_archive_name(now["name"]), "a deletion names a strange archive")
                stands[was["name"], was["sha256"]] = stands.get((now["name"], now["sha256"]), now)
    return commits, stands

def replace(in_force, deletion):
    """What a deletion replaces must be in force for an earlier commit; what it brings in for none."""
    for each in deletion["archives"]:
        was, now = each["was"], each["now"]
        must(in_force.pop(was["name"], None) == was["sha256"], f"a deletion replaces archive {was['name']}, which is not in force")
        must(now["name"] not in in_force, f"a deletion brings in archive {now['name']}, which is another commit's")
        in_force[now["name"]] = now["sha256"]

def read_deleted(commits, objects):
    """Deleted objects with size, leaf and commit of the last deletion that lists them; none of them may be there still."""
    gone = {}
    for leaf, sequence, deletion in [each for commit in commits for each in commit.deletions()]:
        named = deletion["artifacts"][0]
        must((named["name"], named["media_type"]) == ("deleted.jsonl", "application/x-ndjson"), f"the deletion at leaf {leaf} has another artifact than deleted.jsonl")
        must(named["sha256"] in objects, f"object {named['sha256']} is missing: the list of the deletion at leaf {leaf}")
        listed = [canonical(line, "a line of deleted.jsonl") for line in lines(objects[named["sha256"]][1], "deleted.jsonl")]
        for each in listed:
            shaped(each, "sha256 size", "", "a line of deleted.jsonl")
        digests = [each["sha256"] for each in listed]
        must(digests == sorted(set(digests)), f"deleted.jsonl of leaf {leaf} is not in ascending order")
        must(len(listed) == deletion["objects"], f"deleted.jsonl of leaf {leaf} lists another number of objects than its record says")
        gone.update((each["sha256"], (each["size"], leaf, sequence)) for each in listed)
    for digest, (_, leaf, sequence) in gone.items():
        must(digest not in objects or objects[digest][0] >= sequence, f"object {digest} is said to be deleted by leaf {leaf} and still there")
    return gone

def check_ledger(folder, organization, since):
    log, goes_on = read_log(folder, organization)
    commits, stands = read_commits(folder, organization, log)
    objects = {}  # digest: (first commit whose archive in force has it, bytes)
    for commit in reversed(commits):
        objects.update((digest, (commit.entry["sequence"], content)) for digest, content in commit.objects.items())
    gone = read_deleted(commits, objects)
    hashes, records, in_force, signers, key, head, kept = [], [], {}, [], None, None, None
    for commit in commits:
        must(commit.entry["first_leaf"] == len(hashes), f"commit {commit.entry['sequence']} counts other leaves than there are before it")
        hashes += map(leaf_hash, commit.raws)
        records += commit.records
        for _, _, deletion in commit.deletions():
            replace(in_force, deletion)
        in_force[commit.entry["archive"]["name"]] = commit.entry["archive"]["sha256"]
        head, new = commit.head, commit.records
        must((head.size, head.root) == (len(hashes), root(hashes)), f"{head.what} does not cover the records")
        introduced = key_after(new[:1], None) if key is None else key
        key, signers = key_after(new[1:] if key is None else new, introduced), signers + [introduced]
        head.holds(introduced)
    for leaf, digest, size in named_objects(records, lambda digest: objects.get(digest, (0, None))[1]):
        if digest in objects:
            must(len(objects[digest][1]) == size, f"object {digest} has another size than its record says")
        elif digest in gone and gone[digest][1] > leaf:
            must(gone[digest][0] == size, f"deleted object {digest} has another size than its record says")
        else:
            must(goes_on, f"object {digest} is missing")
    if head is not None and since is not None and since.splitlines()[0].decode() == head.origin:
        kept = Head(since, organization, "the checkpoint kept elsewhere")
        if kept.size <= head.size or not goes_on:
            must(kept.size <= head.size and kept.root == root(hashes[:kept.size]), "the ledger does not continue the checkpoint kept elsewhere")
    if goes_on:
        raise goes_on
    print(f"{organization}: {len(log)} commits, {len(hashes)} records, {len(objects)} objects, {len(gone)} deleted, last key {signers[-1].fingerprint}")
    for name in sorted({name for name, _ in stands} & set(os.listdir(os.path.join(folder, "archives"))) - set(in_force)):
        print(f"note: archive {name} still holds deleted bytes")
    return signers, kept

# --- Section 9: package ------------------------------------------------------------------------------------------------
UNLISTED = "SHA256SUMS checkpoint checkpoint.body checkpoint.sig checkpoint.sshsig list-record.json list-proof list-consistency".split()
NAMED = "README.txt verify.sh package.json records.jsonl proofs.jsonl left-out.jsonl evidence/index.csv keys/ledger.vkey keys/ledger.pem keys/allowed_signers".split()

def check_keys(files, key):
    pem = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + key.public).decode()
    must(files["keys/ledger.vkey"].decode("ascii", "replace") == key.vkey + "\n", "keys/ledger.vkey is not the key of package.json")
    must(files["keys/ledger.pem"].decode("ascii", "replace") == f"-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n", "keys/ledger.pem is another key")
    signer = f'{key.name} namespaces="countersign-checkpoint" ssh-ed25519 {base64.b64encode(key.ssh).decode()}\n'
    must(files["keys/allowed_signers"] == signer.encode(), "keys/allowed_signers is another key")

def check_checkpoint(files, key, organization):
    head = Head(files["checkpoint"], organization, "checkpoint")
    head.holds(key)
    must(files["checkpoint.body"] == head.body, "checkpoint.body is not the body of checkpoint")
    must(files["checkpoint.sig"] == head.signature, "checkpoint.sig is not the signature of checkpoint")
    space, digest = b"countersign-checkpoint", hashlib.sha512(head.body).digest()
    fixed = string(space) + string(b"") + string(b"sha512")
    start = b"SSHSIG" + struct.pack(">I", 1) + string(key.ssh) + fixed
    armor = re.fullmatch(rb"-----BEGIN SSH SIGNATURE-----\n((?:[A-Za-z0-9+/=]{1,70}\n)+)-----END SSH SIGNATURE-----\n", files["checkpoint.sshsig"])
    must(armor, "checkpoint.sshsig is not an OpenSSH signature")
    packed = armor[1].replace(b"\n", b"").decode()
    must(armor[1].decode() == "".join(packed[k:k + 70] + "\n" for k in range(0, len(packed), 70)), "checkpoint.sshsig is broken into other lines")
    blob = unbase64(packed)
    signature = blob[-64:]
    must(blob == start + string(string(b"ssh-ed25519") + string(signature)), "checkpoint.sshsig is not made by this key, or for something else")
    must(signed(key.public, b"SSHSIG" + fixed + string(digest), signature), "checkpoint.sshsig does not hold")
    return head

def check_package(data):
    files = read_zip(data)
    for folder in [name for name in files if name.endswith("/")]:
        must(files[folder] == b"" and any(name != folder and name.startswith(folder) for name in files), f"{folder} is no folder of a file")
        del files[folder]
    check_sums(files, UNLISTED)
    if "package.json" in files:  # before all that a newer version may have changed, after what shows that it was not edited
        newer(canonical(files["package.json"], "package.json"), "countersign-package/1")
    for name in files:
        must(name in NAMED + UNLISTED or matches("evidence/objects/" + HEX, name) or name.startswith("reports/"), f"{name} does not belong into a package")
    must(set(NAMED) <= set(files), "the package lacks a file that every package has")
    package = canonical(files["package.json"], "package.json")
    shaped(package, "format organization title created first end head key records records_left_out objects objects_left_out range_proof", "", "package.json")
    shaped(package["head"], "size root", "", "`head` of package.json")
    organization, first, end, size = package["organization"], package["first"], package["end"], package["head"]["size"]
    must(first < end <= size, "package.json has an impossible range")
    head_root, key = hashed(package["head"]["root"]), Key.read(package["key"])
    check_keys(files, key)
    checkpoint = check_checkpoint(files, key, organization)

    listed = record(files["list-record.json"], organization, "list-record.json")
    must(listed["type"] == "report/1" and listed["kind"] == "package" and listed["checkpoint"] == package["head"], "list-record.json does not speak of this package")
    sums = files["SHA256SUMS"]
    naming = [each for each in listed.get("artifacts", []) if each["name"] == "SHA256SUMS"]
    must((sha256(sums).hex(), len(sums), "text/plain") in [(each["sha256"], each["size"], each["media_type"]) for each in naming],
         "SHA256SUMS was altered: it is not the list that was sealed")
    leaf, tree, path = proof_file(files["list-proof"], "list-proof", "countersign-proof/1", "leaf", "size")
    must(tree == checkpoint.size and leaf >= size and root_by_inclusion(leaf_hash(files["list-record.json"]), leaf, tree, path) == checkpoint.root,
         "list-proof does not prove the list record")
    old, new, path = proof_file(files["list-consistency"], "list-consistency", "countersign-consistency/1", "from", "to")
    must((old, new) == (size, checkpoint.size) and consistent(old, head_root, new, checkpoint.root, path), "list-consistency does not hold")

    raws, proofs, by_leaf, records = lines(files["records.jsonl"], "records.jsonl"), lines(files["proofs.jsonl"], "proofs.jsonl"), {}, []
    must(len(raws) == len(proofs) == package["records"], "records, proofs and their count differ")
    for raw, line in zip(raws, proofs):
        proof = canonical(line, "a line of proofs.jsonl")
        shaped(proof, "leaf path", "", "a line of proofs.jsonl")
        must(proof["leaf"] > max(by_leaf, default=-1), "records are not in ascending order of leaf")
        by_leaf[proof["leaf"]] = leaf_hash(raw)
        records.append(record(raw, organization, f"record {proof['leaf']}"))
        must(root_by_inclusion(leaf_hash(raw), proof["leaf"], size, [hashed(step) for step in proof["path"]]) == head_root, f"record {proof['leaf']} is not proved")
    keys = [value["key"] for value in records if value["type"] == "key/1" and value["event"] != "retired" and value["key"]["purpose"] == "checkpoint"]
    must(keys and keys[-1] == {"name": key.name, "algorithm": "ed25519", "public": base64.b64encode(key.public).decode(), "id": key.id.hex(), "purpose": "checkpoint"},
         "the record of the signing key is missing")

    hidden, absent, left_out = {}, set(), lines(files["left-out.jsonl"], "left-out.jsonl")
    for line in left_out:
        value = canonical(line, "a line of left-out.jsonl")
        shaped(value, "leaf hash reason" if "leaf" in value else "object reason", "", "a line of left-out.jsonl")
        if "leaf" in value:
            must(value["leaf"] not in hidden and value["leaf"] not in by_leaf, "a leaf is left out twice, or is here")
            hidden[value["leaf"]] = hashed(value["hash"])
        else:
            must(value["object"] not in absent, "an object is left out twice")
            absent.add(value["object"])
    must(all(first <= leaf < end for leaf in hidden) and all(leaf in by_leaf or leaf in hidden for leaf in range(first, end)), "leaves of the range are missing")
    outside = [hashed(step) for step in package["range_proof"]]
    must(root_by_range(first, [hidden.get(leaf) or by_leaf[leaf] for leaf in range(first, end)], size, outside) == head_root, "the range does not rebuild the head")

    objects = {name[17:]: content for name, content in files.items() if name.startswith("evidence/objects/")}
    must(all(sha256(content).hex() == name for name, content in objects.items()), "an object does not have the digest it is named by")
    named = set()
    for _, digest, length in named_objects(records, objects.get):
        must(digest in objects or digest in absent, f"object {digest} is missing")
        must(digest not in objects or len(objects[digest]) == length, f"object {digest} has another size than its record says")
        named.add(digest)
    must(set(objects) <= named and absent <= named and not absent & set(objects), "an object that no record names, or that is here and left out")
    counts = (len(hidden), len(objects), len(absent))
    must(counts == (package["records_left_out"], package["objects"], package["objects_left_out"]), "package.json counts something else")
    print(f"{package['title']}: records {len(raws)}, left out {len(hidden)}, objects {len(objects)}, left out {len(absent)}, leaves {first} to {end} of {size}")
    print(f"organization {organization}, key {key.fingerprint}")
    return key

def hashed(text):
    must(matches(HEX, text), "a hash is not 64 hex digits")
    return bytes.fromhex(text)

# --- The command -------------------------------------------------------------------------------------------------------
def has_log(folder):
    log = os.path.join(folder, "log")
    return os.path.isdir(log) and any(matches(r"\d{16}\.json", name) for name in os.listdir(log))

def main(arguments):
    options = {"--key": None, "--since": None}
    vault, paths = "--vault" in arguments, []
    rest = [word for word in arguments if word != "--vault"]
    while rest:
        word = rest.pop(0)
        if word in options and rest:
            options[word] = rest.pop(0)
        elif word.startswith("-"):
            raise CannotCheck(__doc__)
        else:
            paths.append(word)
    if len(paths) != 1 or options["--since"] and not vault:
        raise CannotCheck(__doc__)
    wanted = options["--key"]
    if wanted and os.path.isfile(wanted):
        wanted = read_file(wanted).decode("utf-8", "replace").strip()
    if wanted is not None and not re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}|countersign/[^+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+", wanted):
        raise CannotCheck("--key is neither a fingerprint nor a verifier key")
    keys, unchecked = [], None
    if vault:
        since = read_file(options["--since"]) if options["--since"] else None
        try:
            names = sorted(os.listdir(paths[0]))
            for name in names:
                must(matches(UUID, name) or not re.fullmatch(r".{8}(-.{4}){3}-.{12}", name, re.S), f"{name} is not a UUID in lower case")
            ledgers = [name for name in names if matches(UUID, name) and has_log(os.path.join(paths[0], name))]
            for name in set(names) - set(ledgers):
                print(f"note: {name} has no ledger of an organization")
            for name in ledgers:
                try:
                    keys.append(check_ledger(os.path.join(paths[0], name), name, since))
                except CannotCheck as fault:  # another ledger may still be altered
                    unchecked = fault
        except OSError as fault:
            raise CannotCheck(f"{paths[0]} is not a vault: {fault}")
        if unchecked:
            raise unchecked
        must(since is None or any(seen for _, seen in keys), "there is no ledger here that the checkpoint kept elsewhere is of")
        if not ledgers:
            raise CannotCheck("there is no ledger here")
        keys = [signers for signers, _ in keys]
    else:
        keys = [[check_package(read_file(paths[0]))]]
    compared = [any(wanted in (key.fingerprint, key.vkey) for key in signers) for signers in keys]
    must(wanted is None or any(compared), "the key is not the one given with --key")
    print("internally consistent, key compared" if wanted and all(compared) else "internally consistent, key not compared")

if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Altered as fault:
        sys.exit(print(f"ALTERED: {fault}") or 3)
    except CannotCheck as fault:
        sys.exit(print(f"cannot be checked: {fault}", file=sys.stderr) or 2)
    except (ValueError, TypeError, KeyError, AttributeError, struct.error, RecursionError) as fault:
        sys.exit(print(f"ALTERED: something has another shape than the format says: {fault!r}") or 3)
