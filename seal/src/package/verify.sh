#!/bin/sh
# Checks an evidence package with standard tools only: sha256sum, openssl (3.0 or newer), ssh-keygen, base64, awk and the
# usual small ones. Run it inside the unpacked folder:
#
#   sh verify.sh [--key FINGERPRINT | --key VERIFIER-KEY | --key FILE]
#
# Exit code: 0 nothing was altered, 3 something was, 2 it could not be checked. Writes nothing into the folder.
# The whole script is one function, so that a shell reads all of it before it runs any of it.

altered() {
    printf 'ALTERED: %s\n' "$1" >&2
    printf 'This package is not what was sealed. Do not rely on any part of it.\n' >&2
    exit 3
}

# All else fits the key in the package; only it is not the one that was named.
other_key() {
    printf 'ALTERED: it is signed by another key (%s) than the one you named\n' "$1" >&2
    printf 'Do not rely on any part of it yet. If the organization has rotated its key since you were told that fingerprint,\n' >&2
    printf 'ask for the new one over another channel than this package, and run this again with it.\n' >&2
    exit 3
}

cannot() {
    printf 'cannot check: %s\n' "$1" >&2
    exit 2
}

# Hex on the command line, bytes on stdout.
unhex() {
    printf '%b' "$(printf '%s\n' "$1" | awk '{
        digits = "0123456789abcdef"
        for (i = 1; i < length($0); i += 2)
            printf "\\0%03o", (index(digits, substr($0, i, 1)) - 1) * 16 + index(digits, substr($0, i + 1, 1)) - 1
    }')"
}

# Bytes on stdin, SHA-256 in hex on stdout.
hash() { sha256sum | awk '{ print $1; exit }'; }

# Hash of two neighbouring subtrees.
node() { { printf '\001'; unhex "$1$2"; } | hash; }

# Checks the form of a proof file: title, two numbered lines, hashes; nothing else, nothing twice.
proof_form() {
    awk -v title="$2" -v first="$3" -v second="$4" '
        function number(word) { return $0 ~ ("^" word " (0|[1-9][0-9]*)$") && length($0) < length(word) + 17 }
        NR == 1 && $0 != title { bad = 1 }
        NR == 2 && !number(first) { bad = 1 }
        NR == 3 && !number(second) { bad = 1 }
        NR > 3 && (length($0) != 64 || $0 ~ /[^0-9a-f]/) { bad = 1 }
        END { exit (bad || NR < 3 || NR > 131) }
    ' "$1" || altered "$1 is not a proof in its one form"
    awk '{ print }' "$1" | cmp -s - "$1" || altered "$1 is not a proof in its one form"
}

# One step of both proofs in RFC 9162: moves `at` and `last` up past the levels where the right edge has no sibling.
climb() {
    while [ $((at & 1)) -eq 0 ] && [ "$at" -ne 0 ]; do
        at=$((at >> 1)); last=$((last >> 1))
    done
}

main() {
    set -u
    LC_ALL=C
    export LC_ALL
    wanted=''
    while [ $# -gt 0 ]; do
        case "$1" in
            --key) [ $# -ge 2 ] || cannot '--key needs a fingerprint, a verifier key or a file'; wanted=$2; shift 2 ;;
            --key=*) wanted=${1#--key=}; shift ;;
            *) cannot "unknown argument $1; use: sh verify.sh [--key FINGERPRINT]" ;;
        esac
    done
    for tool in sha256sum openssl ssh-keygen base64 awk find sort comm cmp xargs od tr fold tail wc mktemp; do
        command -v "$tool" > /dev/null 2>&1 || cannot "$tool is not installed"
    done
    if [ -n "$wanted" ] && [ -f "$wanted" ]; then wanted=$(head -n 1 "$wanted"); fi
    [ -f SHA256SUMS ] || cannot 'there is no SHA256SUMS here; run this inside the unpacked package'
    work=$(mktemp -d) || cannot 'no temporary folder'
    trap 'rm -rf "$work"' EXIT
    trap 'exit 2' HUP INT TERM

    # --- The list: form, then which files there are, then what is in them.
    odd=$(find . ! -type f ! -type d | head -n 1)
    [ -z "$odd" ] || altered "$odd is neither a file nor a folder"
    fault=$(awk '
        {
            name = substr($0, 67)
            folded = tolower(name)
            if (substr($0, 1, 64) ~ /[^0-9a-f]/ || length($0) < 67 || substr($0, 65, 2) != "  ") bad = "has another form"
            else if (length(name) > 200 || name ~ /[^A-Za-z0-9._\/-]/ || name ~ /^[\/.-]/ || name ~ /\/[\/.-]/ \
                || name ~ /[.\/]$/ || name ~ /[.]\//) bad = "has a name that is not allowed"
            else if (folded in seen) bad = "repeats a name"
            else if (NR > 1 && (previous "") >= (name "")) bad = "is out of order"
            if (bad != "") { print "line " NR " of SHA256SUMS " bad; exit }
            seen[folded] = 1
            previous = name
        }' SHA256SUMS)
    [ -z "$fault" ] || altered "$fault"
    awk '{ print }' SHA256SUMS | cmp -s - SHA256SUMS || altered 'SHA256SUMS does not end with a line end'
    unlisted='SHA256SUMS checkpoint checkpoint.body checkpoint.sig checkpoint.sshsig list-record.json list-proof list-consistency'
    {
        awk '{ print "./" substr($0, 67) }' SHA256SUMS
        for name in $unlisted; do printf './%s\n' "$name"; done
    } | sort > "$work/named"
    find . -type f | sort > "$work/present"
    if ! cmp -s "$work/named" "$work/present"; then
        missing=$(comm -23 "$work/named" "$work/present" | head -n 1)
        [ -z "$missing" ] || altered "$missing is listed but missing, or listed twice"
        altered "$(comm -13 "$work/named" "$work/present" | head -n 1 | tr -cd ' -~') is here but not listed"
    fi
    awk '{ print substr($0, 67) }' SHA256SUMS | xargs sha256sum > "$work/sums" 2> /dev/null
    if ! cmp -s "$work/sums" SHA256SUMS; then
        altered "$(comm -13 "$work/sums" SHA256SUMS | awk 'NR == 1 { print substr($0, 67) }') has other bytes than the list says"
    fi
    # `package.json` is one line of canonical JSON, in which a quote within a text is escaped: what is matched with its
    # quotes is a member.
    case "$(cat package.json 2> /dev/null)" in
        *'"format":"countersign-package/1",'*) ;;
        *'"format":"countersign-package/'*) cannot 'this package has a newer format: a newer verifier is needed' ;;
        *) altered 'package.json is missing, or is not that of a package' ;;
    esac
    for name in README.txt verify.sh records.jsonl proofs.jsonl left-out.jsonl evidence/index.csv keys/ledger.vkey \
        keys/ledger.pem keys/allowed_signers; do
        [ -f "$name" ] || altered "$name is missing"
    done
    fault=$(awk '
        function is_object(name) { return length(name) == 81 && name ~ /^evidence\/objects\/[0-9a-f]*$/ }
        {
            name = substr($0, 67)
            if (is_object(name)) { if (substr(name, 18) != substr($0, 1, 64)) bad = "is not named by its digest" }
            else if (name !~ /^reports\// && name !~ /^(README[.]txt|verify[.]sh|package[.]json|evidence\/index[.]csv)$/ \
                && name !~ /^(records|proofs|left-out)[.]jsonl$/ && name !~ /^keys\/(ledger[.]vkey|ledger[.]pem|allowed_signers)$/)
                bad = "does not belong into a package"
            if (bad != "") { print name " " bad; exit }
        }' SHA256SUMS)
    [ -z "$fault" ] || altered "$fault"

    # --- The key, in its three forms: each is made again from the first and compared.
    vkey=$(cat keys/ledger.vkey)
    # name+id+key: the name and the id hold no `+`, the key may.
    name=${vkey%%+*}
    encoded=${vkey#*+}
    encoded=${encoded#*+}
    printf '%s\n' "$name" | awk '{ exit !(length($0) == 48 && $0 ~ /^countersign\/[0-9a-f-]*$/) }' \
        || altered 'keys/ledger.vkey does not name a ledger'
    printf '%s' "$encoded" | base64 -d > "$work/typed" 2> /dev/null || altered 'keys/ledger.vkey is not a key'
    tail -c 32 "$work/typed" > "$work/raw"
    id=$({ printf '%s\n\001' "$name"; cat "$work/raw"; } | hash)
    id=${id%"${id#????????}"}
    made=$({ printf '\001'; cat "$work/raw"; } | base64 | tr -d '\n')
    [ "$(wc -c < "$work/typed")" -eq 33 ] || altered 'keys/ledger.vkey is not an Ed25519 key'
    # Points of small order, under which one signature fits any text; openssl takes them. The first bit of the last byte,
    # the sign, may be set.
    zeros=$(printf '%060d' 0)
    effs=$(printf '%060d' 0 | tr 0 f)
    case "$(od -An -v -tx1 < "$work/raw" | tr -d ' \n')" in
        0[01]"$zeros"[08]0 | e[cde]"$effs"[7f]f \
            | 26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc[08]5 \
            | c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03[7f]a)
            altered 'keys/ledger.vkey is a key of small order' ;;
    esac
    printf '%s+%s+%s\n' "$name" "$id" "$made" | cmp -s - keys/ledger.vkey || altered 'keys/ledger.vkey contradicts itself'
    {
        printf -- '-----BEGIN PUBLIC KEY-----\n'
        { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; cat "$work/raw"; } | base64 | tr -d '\n'
        printf -- '\n-----END PUBLIC KEY-----\n'
    } | cmp -s - keys/ledger.pem || altered 'keys/ledger.pem is another key than keys/ledger.vkey'
    { printf '\000\000\000\013ssh-ed25519\000\000\000\040'; cat "$work/raw"; } > "$work/sshkey"
    namespace='countersign-checkpoint'
    {
        printf '%s namespaces="%s" ssh-ed25519 ' "$name" "$namespace"
        base64 < "$work/sshkey" | tr -d '\n'
        printf '\n'
    } | cmp -s - keys/allowed_signers || altered 'keys/allowed_signers is another key than keys/ledger.vkey'
    fingerprint="SHA256:$(openssl dgst -sha256 -binary < "$work/sshkey" | base64 | tr -d '=\n')"

    # --- The checkpoint: its text, its three signatures.
    size=$(awk 'NR == 2 { print }' checkpoint.body)
    printf '%s\n' "$size" | awk '{ exit !($0 ~ /^[1-9][0-9]*$/ && length($0) < 16) }' || altered 'checkpoint.body has no size'
    awk 'NR == 3 { print }' checkpoint.body | base64 -d > "$work/root" 2> /dev/null || altered 'checkpoint.body has no root'
    [ "$(wc -c < "$work/root")" -eq 32 ] || altered 'checkpoint.body has no root'
    root=$(od -An -v -tx1 < "$work/root" | tr -d ' \n')
    printf '%s\n%s\n%s\n' "$name" "$size" "$(base64 < "$work/root")" | cmp -s - checkpoint.body \
        || altered 'checkpoint.body is not a checkpoint of this ledger'
    [ "$(wc -c < checkpoint.sig)" -eq 64 ] || altered 'checkpoint.sig does not have 64 bytes'
    openssl pkeyutl -verify -pubin -inkey keys/ledger.pem -rawin -in checkpoint.body -sigfile checkpoint.sig \
        > "$work/said" 2>&1 || {
            case "$(openssl version)" in
                'OpenSSL 0'* | 'OpenSSL 1'* | LibreSSL*) cannot "$(openssl version) cannot check Ed25519 here; use 3.0 or newer" ;;
            esac
            altered 'checkpoint.sig is not the signature of the key over checkpoint.body'
        }
    {
        cat checkpoint.body
        printf '\n\342\200\224 %s ' "$name"
        { unhex "$id"; cat checkpoint.sig; } | base64 | tr -d '\n'
        printf '\n'
    } | cmp -s - checkpoint || altered 'checkpoint differs from checkpoint.body and checkpoint.sig'
    awk '!/^-----/ { print }' checkpoint.sshsig | base64 -d > "$work/sshblob" 2> /dev/null \
        || altered 'checkpoint.sshsig is not base64'
    {
        printf 'SSHSIG\000\000\000\001\000\000\000\063'
        cat "$work/sshkey"
        printf '\000\000\000\026%s\000\000\000\000\000\000\000\006sha512\000\000\000\123' "$namespace"
        printf '\000\000\000\013ssh-ed25519\000\000\000\100'
        tail -c 64 "$work/sshblob"
    } | base64 | tr -d '\n' | fold -w 70 > "$work/armor"
    { printf -- '-----BEGIN SSH SIGNATURE-----\n'; cat "$work/armor"; printf -- '\n-----END SSH SIGNATURE-----\n'; } \
        | cmp -s - checkpoint.sshsig || altered 'checkpoint.sshsig has another form than ssh-keygen writes'
    ssh-keygen -Y verify -f keys/allowed_signers -I "$name" -n "$namespace" -s checkpoint.sshsig \
        < checkpoint.body > "$work/said" 2>&1 || altered 'checkpoint.sshsig is not the signature of the key over checkpoint.body'

    # --- The list is in the ledger: its record names the list, and the proof leads from the record to the checkpoint.
    record=$(cat list-record.json)
    sums=$(hash < SHA256SUMS)
    length=$(wc -c < SHA256SUMS | tr -d ' ')
    case "$record" in
        *"{\"media_type\":\"text/plain\",\"name\":\"SHA256SUMS\",\"sha256\":\"$sums\",\"size\":$length}"*) ;;
        *) altered 'list-record.json names another SHA256SUMS' ;;
    esac
    case "$record" in
        *"\"kind\":\"package\",\"organization\":\"${name#countersign/}\",\"type\":\"report/1\"}") ;;
        *) altered 'list-record.json is not the record of a package of this organization' ;;
    esac
    head=$(printf '%s\n' "$record" | awk '{
        if (!match($0, /"checkpoint":[{]"root":"[0-9a-f]*","size":[0-9]*[}]/)) exit
        text = substr($0, RSTART + 22, RLENGTH - 23)
        sub(/","size":/, " ", text)
        print text
    }')
    old_root=${head% *}
    old_size=${head#* }
    proof_form list-proof 'countersign-proof/1' leaf size
    leaf=$(awk 'NR == 2 { print $2 }' list-proof)
    [ "$(awk 'NR == 3 { print $2 }' list-proof)" = "$size" ] || altered 'list-proof leads to another checkpoint'
    [ "$leaf" -lt "$size" ] || altered 'list-proof names a leaf beyond the checkpoint'
    at=$leaf
    last=$((size - 1))
    found=$({ printf '\000'; cat list-record.json; } | hash)
    for step in $(awk 'NR > 3' list-proof); do
        [ "$last" -ne 0 ] || altered 'list-proof is too long'
        if [ $((at & 1)) -eq 1 ] || [ "$at" -eq "$last" ]; then
            found=$(node "$step" "$found")
            climb
        else
            found=$(node "$found" "$step")
        fi
        at=$((at >> 1)); last=$((last >> 1))
    done
    [ "$last" -eq 0 ] && [ "$found" = "$root" ] || altered 'list-record.json is not in the ledger of this checkpoint'

    # --- The checkpoint continues the head that the package was made from.
    proof_form list-consistency 'countersign-consistency/1' from to
    [ "$(awk 'NR == 2 { print $2 }' list-consistency)" = "$old_size" ] || altered 'list-consistency begins at another head'
    [ "$(awk 'NR == 3 { print $2 }' list-consistency)" = "$size" ] || altered 'list-consistency leads to another checkpoint'
    [ "$old_size" -gt 0 ] && [ "$old_size" -lt "$size" ] || altered 'the package was made from a head that is not older'
    at=$((old_size - 1))
    last=$((size - 1))
    while [ $((at & 1)) -eq 1 ]; do
        at=$((at >> 1)); last=$((last >> 1))
    done
    old=''
    # A head of 2^n leaves is a node itself and is not repeated in the proof.
    if [ $((old_size & (old_size - 1))) -eq 0 ]; then old=$old_root; new=$old_root; fi
    for step in $(awk 'NR > 3' list-consistency); do
        if [ -z "$old" ]; then old=$step; new=$step; continue; fi
        [ "$last" -ne 0 ] || altered 'list-consistency is too long'
        if [ $((at & 1)) -eq 1 ] || [ "$at" -eq "$last" ]; then
            old=$(node "$step" "$old")
            new=$(node "$step" "$new")
            climb
        else
            new=$(node "$new" "$step")
        fi
        at=$((at >> 1)); last=$((last >> 1))
    done
    [ "$last" -eq 0 ] && [ "$old" = "$old_root" ] && [ "$new" = "$root" ] \
        || altered 'the checkpoint does not continue the head that the package was made from'
    grep -F -q "\"head\":{\"root\":\"$old_root\",\"size\":$old_size}" package.json \
        || altered 'package.json was made from another head than list-record.json says'

    # --- What package.json says of the rest. Single records are not looked into.
    says() { grep -F -q "$1" package.json || altered "package.json $2"; }
    says "\"key\":\"$vkey\"" 'names another key than keys/ledger.vkey'
    says "\"organization\":\"${name#countersign/}\"" 'names another organization than the key'
    records=$(awk 'END { print NR }' records.jsonl)
    [ "$records" = "$(awk 'END { print NR }' proofs.jsonl)" ] || altered 'records.jsonl has another number of lines than proofs.jsonl'
    says "\"records\":$records," 'counts other records than there are lines in records.jsonl'
    says "\"objects\":$(grep -c '  evidence/objects/' SHA256SUMS)," 'counts other objects than there are'
    says "\"records_left_out\":$(grep -c '^{"hash":' left-out.jsonl)," 'counts other left-out records than left-out.jsonl'
    says "\"objects_left_out\":$(grep -c '^{"object":' left-out.jsonl)," 'counts other left-out objects than left-out.jsonl'

    # --- What may be said.
    printf 'Key fingerprint  %s\n' "$fingerprint"
    printf 'Verifier key     %s\n' "$vkey"
    printf 'Ledger           %s, %s leaves\n' "$name" "$size"
    printf 'Files            %s\n\n' "$(awk 'END { print NR }' SHA256SUMS)"
    printf 'Proved: every listed file has its listed bytes, no file is missing or added, the list is leaf %s of the\n' "$leaf"
    printf 'ledger, and the key signed that ledger.\n'
    printf 'NOT proved here: each record against its own proof, and the left-out records (countersign-verify does that);\n'
    printf 'that what was collected was true; when it was signed; that there is no second ledger.\n\n'
    if [ -z "$wanted" ]; then
        printf 'RESULT: internally consistent, key not compared. Get the fingerprint from somebody you trust and use --key.\n'
        exit 0
    fi
    if [ "$wanted" = "$fingerprint" ] || [ "$wanted" = "$vkey" ]; then
        printf 'RESULT: unaltered since it was signed by the key you named.\n'
        exit 0
    fi
    case "$wanted" in
        SHA256:* | countersign/*+*+*) other_key "$fingerprint" ;;
        *) cannot '--key is neither a fingerprint (SHA256:...) nor a verifier key' ;;
    esac
}

main "$@"
