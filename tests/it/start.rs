//! An installation starts, stops and starts again with what comes in the binary.

use crate::support::{TestApp, databases};

#[tokio::test]
async fn a_new_installation_starts_again_with_the_catalog_of_the_binary() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::on(database).await;
        let instance = story.app.store.instance().await.unwrap().unwrap();

        let again = story.stop().await.start().await;

        assert_eq!(again.app.store.instance().await.unwrap(), Some(instance), "{kind:?}");
        assert_eq!(again.app.secret_key.id(), again.app.store.instance().await.unwrap().unwrap().secret_key_id);
        for framework in ["hipaa-security", "cmmc-l2", "pci-dss-4.0.1"] {
            assert!(again.app.catalog.framework(framework).is_some(), "{kind:?}: no {framework} in the catalog");
        }
    }
}
