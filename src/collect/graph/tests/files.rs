//! The collectors that come with the product.

use super::*;
use crate::collect::graph::request::{Address, Item, Question};

#[test]
fn every_microsoft_365_collector_file_is_valid_and_asks_only_below_the_graph_root() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("collectors/m365");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(path.join("collector.yaml")).unwrap();
        let definition: CollectorDefinition =
            serde_saphyr::from_str(&text).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
        let folder = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(definition.id.as_str(), format!("m365/{folder}"));
        let request = definition.request.as_ref().unwrap();
        Question::first(&connection("http://127.0.0.1:1"), Address::first(request)).unwrap();
        if request.each.is_some() {
            assert!(Item::about(Address::item(request), "11111111-2222-3333-4444-555555555555").is_some(), "{folder}");
        }
        for field in &request.select {
            assert!(field.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{folder}: {field}");
        }
        let parser = match (&request.each, request.paged) {
            (Some(_), _) => "graph-batch/1",
            (None, true) => "graph-collection/1",
            (None, false) => "graph-singleton/1",
        };
        assert_eq!(definition.parser, parser, "{folder}");
        assert!(definition.permission.is_some() && !definition.clouds.is_empty() && definition.proves.len() > 60);
        assert_eq!(definition.schedule.split(' ').count(), 5, "{folder}");
        found += 1;
    }
    assert!(found >= 12, "{found} collectors");
}
