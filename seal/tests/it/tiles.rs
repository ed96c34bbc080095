//! Tiles: proofs from a few of them, and the exported files as another implementation reads them.

use std::collections::BTreeMap;
use std::io;

use countersign_seal::digest::Digest;
use countersign_seal::ledger::{LedgerError, Nodes, Tree, leaf_hash, verify_inclusion};
use countersign_seal::tiles::{Export, ExportError, SparseTiles, Tile, plan};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;
use tlog_tiles::tile::{Tile as OtherTile, TileHashReader, TileReader};
use tlog_tiles::tlog::{self, Hash};

use crate::support::{Index, key};

fn records(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("record {number}").into_bytes()).collect()
}

type Prove<'a> = dyn Fn(&dyn Nodes) -> Result<Vec<Digest>, LedgerError> + 'a;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn proofs_from_planned_tiles_are_those_of_the_whole_tree(
        size in 1_u64..5000,
        more in 0_u64..300,
        places in any::<[prop::sample::Index; 4]>(),
    ) {
        let leaves: Vec<Digest> = records(size + more).iter().map(|record| leaf_hash(record)).collect();
        let tree = Tree::from_leaves(&leaves);
        let [leaf, old, first, end] = places.map(|place| place.index(size as usize) as u64);
        let (first, end) = (first.min(end), first.max(end) + 1);
        let proofs: [&Prove; 4] = [
            &|nodes| nodes.inclusion(leaf, size),
            &|nodes| nodes.consistency(old, size),
            &|nodes| nodes.range_proof(first, end, size),
            &|nodes| nodes.root_at(size).map(|root| vec![root]),
        ];
        let index = Index::of(&tree);
        for prove in proofs {
            let planned = plan(size, prove).unwrap();
            prop_assert_eq!(prove(&index.fetch(size, &planned)).unwrap(), prove(&tree).unwrap());
        }
        let path = tree.inclusion(leaf, size).unwrap();
        prop_assert!(verify_inclusion(&leaves[leaf as usize], leaf, size, &path, &tree.root_at(size).unwrap()));
    }

    #[test]
    fn roots_and_proofs_are_those_of_an_independent_tree(size in 1_usize..1500, place in any::<prop::sample::Index>()) {
        let records = records(size as u64);
        let tree: Tree = records.iter().map(|record| leaf_hash(record)).collect();
        let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        for record in &records {
            other.push(record.clone());
        }
        let index = place.index(size);
        let flat = |path: Vec<Digest>| path.iter().flat_map(|hash| *hash.as_bytes()).collect::<Vec<u8>>();
        prop_assert_eq!(tree.root().as_bytes().to_vec(), other.root().as_bytes().to_vec());
        let path = tree.inclusion(index as u64, size as u64).unwrap();
        prop_assert_eq!(flat(path), other.prove_inclusion(index).as_bytes().to_vec());
        let path = tree.consistency(size as u64 - index as u64, size as u64).unwrap();
        prop_assert_eq!(flat(path), other.prove_consistency(index).as_bytes().to_vec());
    }
}

#[test]
fn a_plan_names_few_tiles_and_without_one_of_them_nothing_is_proved() {
    let size = 70_000;
    let prove = |nodes: &dyn Nodes| nodes.inclusion(12_345, size);
    let planned: Vec<String> = plan(size, prove).unwrap().iter().map(Tile::path).collect();
    let expected = ["tile/0/048", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17"];
    assert_eq!(planned, expected);
    let mut tiles = SparseTiles::new(size);
    tiles.insert(0, 48, &vec![Digest::empty(); 256]).unwrap();
    assert!(matches!(tiles.inclusion(12_345, size), Err(LedgerError::NotAtHand { .. })));
    assert!(matches!(plan(10, |nodes| nodes.inclusion(10, 10)), Err(LedgerError::NoSuchLeaf { .. })));
}

/// Exported files, read as somebody else's client reads them.
struct Files(BTreeMap<String, Vec<u8>>);

impl TileReader for Files {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[OtherTile]) -> Result<Vec<Vec<u8>>, tlog::Error> {
        // That client writes the height into the path, as the Go checksum database does.
        let path = |tile: &OtherTile| tile.path().replacen("tile/8/", "tile/", 1);
        Ok(tiles.iter().map(|tile| self.0[&path(tile)].clone()).collect())
    }

    fn save_tiles(&self, _: &[OtherTile], _: &[Vec<u8>]) {}
}

fn exported(records: &[Vec<u8>], note: &str) -> Result<BTreeMap<String, Vec<u8>>, ExportError> {
    let mut files = BTreeMap::new();
    let mut export = Export::new(|path: &str, bytes: &[u8]| -> io::Result<()> {
        assert!(files.insert(path.to_owned(), bytes.to_vec()).is_none(), "{path} was written twice");
        Ok(())
    });
    for record in records {
        export.push(record, &leaf_hash(record))?;
    }
    export.finish(note)?;
    Ok(files)
}

#[test]
fn another_implementation_proves_every_record_from_the_exported_files() {
    for size in [1, 2, 255, 256, 257, 600, 66_000] {
        let records = records(size);
        let tree: Tree = records.iter().map(|record| leaf_hash(record)).collect();
        let note = key(7).sign_checkpoint(size, tree.root()).note;
        let files = Files(exported(&records, &note).unwrap());
        assert_eq!(files.0["checkpoint"], note.as_bytes());
        let wanted = OtherTile::new_tiles(8, 0, size);
        for tile in &wanted {
            assert!(files.0.contains_key(&tile.path().replacen("tile/8/", "tile/", 1)), "{}", tile.path());
        }
        let bundles = size.div_ceil(256) as usize;
        assert_eq!(files.0.len(), wanted.len() + bundles + 1, "no file is missing and none too many");
        let root = Hash(*tree.root().as_bytes());
        let reader = TileHashReader::new(size, root, &files);
        for index in [0, size / 3, size - 1] {
            let proof = tlog::prove_record(size, index, &reader).unwrap();
            let ours: Vec<Hash> =
                tree.inclusion(index, size).unwrap().iter().map(|hash| Hash(*hash.as_bytes())).collect();
            assert_eq!(proof, ours);
            tlog::check_record(&ours, size, root, index, tlog::record_hash(&records[index as usize])).unwrap();
            let old = index + 1;
            let old_root = Hash(*tree.root_at(old).unwrap().as_bytes());
            let ours: Vec<Hash> =
                tree.consistency(old, size).unwrap().iter().map(|hash| Hash(*hash.as_bytes())).collect();
            assert_eq!(tlog::prove_tree(size, old, &reader).unwrap(), ours);
            tlog::check_tree(&ours, size, root, old, old_root).unwrap();
        }
        let mut read = Vec::new();
        for (path, bytes) in files.0.iter().filter(|(path, _)| path.starts_with("tile/entries/")) {
            let mut rest = bytes.as_slice();
            let mut entries = Vec::new();
            while let [high, low, tail @ ..] = rest {
                let (entry, tail) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
                entries.push(entry.to_vec());
                rest = tail;
            }
            let number = path.split(".p/").next().unwrap().replace("tile/entries/", "").replace(['x', '/'], "");
            read.push((number.parse::<u64>().unwrap(), entries));
        }
        read.sort();
        assert_eq!(read.into_iter().flat_map(|(_, entries)| entries).collect::<Vec<_>>(), records);
    }
}

#[test]
fn an_export_that_is_not_what_the_checkpoint_signed_is_refused() {
    let records = records(300);
    let tree: Tree = records.iter().map(|record| leaf_hash(record)).collect();
    let sign = |size, root| key(7).sign_checkpoint(size, root).note;
    assert!(matches!(
        exported(&records, &sign(299, tree.root_at(299).unwrap())),
        Err(ExportError::Size { signed: 299, size: 300 })
    ));
    assert!(matches!(exported(&records, &sign(300, Digest::empty())), Err(ExportError::Root)));
    assert!(matches!(exported(&records, "no note"), Err(ExportError::Note(_))));
    let mut export = Export::new(|_: &str, _: &[u8]| Ok(()));
    assert!(matches!(export.push(b"one", &leaf_hash(b"two")), Err(ExportError::OtherRecord { leaf: 0 })));
    let long = vec![b'x'; 65_536];
    assert!(matches!(export.push(&long, &leaf_hash(&long)), Err(ExportError::TooLong { leaf: 0, size: 65_536 })));
}
