//! What must hold for every input: the tree against a naive one, the canonical form against itself, readers against noise.

use std::io::Cursor;

use countersign_seal::canonical;
use countersign_seal::digest::Digest;
use countersign_seal::ledger::{
    Frontier, Tree, leaf_hash, node_hash, verify_consistency, verify_inclusion, verify_range,
};
use countersign_seal::verify;
use proptest::prelude::*;
use serde_json::Value;

/// RFC 9162 2.1.1, word by word.
fn naive_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::empty(),
        [leaf] => *leaf,
        _ => {
            let middle = leaves.len().next_power_of_two() / 2;
            node_hash(&naive_root(&leaves[..middle]), &naive_root(&leaves[middle..]))
        }
    }
}

fn leaves(count: usize) -> Vec<Digest> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

#[test]
fn every_proof_of_every_small_tree_verifies_and_no_other_index_or_size_does() {
    let all = leaves(40);
    let tree = Tree::from_leaves(&all);
    let mut frontier = Frontier::default();
    for size in 1..=40_u64 {
        frontier.push(all[size as usize - 1]);
        let root = naive_root(&all[..size as usize]);
        assert_eq!(tree.root_at(size).unwrap(), root);
        assert_eq!((frontier.root(), frontier.size()), (root, size));
        for leaf in 0..size {
            let path = tree.inclusion(leaf, size).unwrap();
            for claimed in 0..size {
                let hash = &all[leaf as usize];
                assert_eq!(verify_inclusion(hash, claimed, size, &path, &root), claimed == leaf, "{leaf} of {size}");
            }
        }
        for old in 0..=size {
            let path = tree.consistency(old, size).unwrap();
            let old_root = naive_root(&all[..old as usize]);
            assert!(verify_consistency(old, size, &old_root, &root, &path), "{old} to {size}");
            if old > 0 && old < size {
                assert!(!verify_consistency(old, size, &leaf_hash(b"other"), &root, &path));
                assert!(!verify_consistency(old, size, &old_root, &leaf_hash(b"other"), &path));
                for cut in 0..path.len() {
                    assert!(!verify_consistency(old, size, &old_root, &root, &path[..cut]));
                }
            }
        }
    }
}

#[test]
fn a_range_proof_accepts_its_own_leaves_only() {
    let all = leaves(21);
    let tree = Tree::from_leaves(&all);
    for size in 1..=21_u64 {
        let root = tree.root_at(size).unwrap();
        for first in 0..size {
            for end in first + 1..=size {
                let proof = tree.range_proof(first, end, size).unwrap();
                let inside = all[first as usize..end as usize].to_vec();
                assert!(verify_range(first, &inside, size, &proof, &root));
                let mut other = inside.clone();
                other[0] = leaf_hash(b"other");
                assert!(!verify_range(first, &other, size, &proof, &root));
                let mut longer = proof.clone();
                longer.push(root);
                assert!(!verify_range(first, &inside, size, &longer, &root));
                assert!(!verify_range(first + 1, &inside, size, &proof, &root));
            }
        }
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1_i64 << 53) + 1..1_i64 << 53).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[ -~]{0,8}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_comes_back_from_its_canonical_form(value in json()) {
        let bytes = canonical::to_bytes(&value).unwrap();
        prop_assert_eq!(&canonical::parse(&bytes).unwrap(), &value);
        prop_assert_eq!(canonical::to_bytes(&value).unwrap(), bytes);
    }

    #[test]
    fn a_changed_byte_never_leaves_the_same_meaning(value in json(), place in any::<prop::sample::Index>(), bit in 0..8) {
        let bytes = canonical::to_bytes(&value).unwrap();
        let mut changed = bytes.clone();
        let place = place.index(bytes.len());
        changed[place] ^= 1_u8 << bit;
        if let Ok(other) = canonical::parse(&changed) {
            prop_assert_ne!(other, value);
        }
    }

    #[test]
    fn large_trees_agree_with_the_naive_one(size in 1_usize..700, old in any::<prop::sample::Index>(), leaf in any::<prop::sample::Index>()) {
        let all = leaves(size);
        let tree = Tree::from_leaves(&all);
        let root = naive_root(&all);
        prop_assert_eq!(tree.root(), root);
        let (old, leaf, size) = (old.index(size) as u64 + 1, leaf.index(size), size as u64);
        let path = tree.inclusion(leaf as u64, size).unwrap();
        prop_assert!(verify_inclusion(&all[leaf], leaf as u64, size, &path, &root));
        let path = tree.consistency(old, size).unwrap();
        prop_assert!(verify_consistency(old, size, &naive_root(&all[..old as usize]), &root, &path));
    }

    #[test]
    fn noise_is_refused_and_never_a_crash(noise in prop::collection::vec(any::<u8>(), 0..400), zip in any::<bool>()) {
        let mut bytes = noise;
        if zip {
            bytes.splice(0..0, *b"PK\x03\x04");
            bytes.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x10\0\0\0\x10\0\0\0\0\0");
        }
        if let Ok(report) = verify::package_from(Cursor::new(bytes), "noise", None) {
            prop_assert_eq!(report.exit_code(), 3);
        }
    }
}
