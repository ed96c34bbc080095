//! Deleted bytes do not live on in archives that a dead writer left without a commit.

use countersign::model::time::Clock;
use countersign::pipeline::deletion::{self, DeletionFault};

use super::{CANARY, Story};
use crate::support::command::entries;
use crate::support::databases;

#[tokio::test]
async fn an_archive_that_belongs_to_no_commit_does_not_keep_deleted_bytes() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let archives = story.app.vault_folder().join(story.scope.id().to_string()).join("archives");
        // What a writer leaves that dies after its archive and before its log object.
        let with_canary = entries(&archives).into_iter().find(|path| {
            let packed = std::fs::read(path).unwrap();
            crate::packages::unpack(&packed).iter().any(|(_, bytes)| bytes == CANARY)
        });
        let bytes = std::fs::read(with_canary.unwrap()).unwrap();
        let young = story.app.clock.now().for_file_names();
        let leave = |begun: &str| {
            let left = archives.join(format!("{begun}-0192f0c1-2345-7abc-8def-0123456789ab.zip"));
            std::fs::write(&left, &bytes).unwrap();
            left
        };

        let left = leave(&young);
        let fault = deletion::delete(&story.app.app, &story.organization, &story.old()).await.unwrap_err();
        assert!(matches!(fault, DeletionFault::Leftover { .. }), "{kind:?}: {fault}");
        assert!(left.exists(), "{kind:?}: an archive whose writer may be at work was removed");

        std::fs::remove_file(left).unwrap();
        leave("20260302T090000Z");
        deletion::delete(&story.app.app, &story.organization, &story.old()).await.unwrap();

        story.is_gone().await;
    }
}
