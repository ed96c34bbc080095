//! What is held in memory, what waits in files, and where reading ends.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// The bytes of artifacts, and whether they are in memory.
fn bodies(evidence: &RawEvidence) -> Vec<(bool, Vec<u8>)> {
    let read = |body: &Body| match body {
        Body::Memory(bytes) => (true, bytes.to_vec()),
        Body::File(path) => (false, std::fs::read(path).unwrap()),
    };
    evidence.artifacts.iter().map(|artifact| read(&artifact.body)).collect()
}

#[tokio::test]
async fn pages_beyond_a_small_budget_wait_in_files_that_only_their_owner_can_read() {
    let limits = GraphLimits { memory_bytes: 1_000, ..GraphLimits::for_loopback() };
    let filler = |letter: &str| letter.repeat(700);
    let secret = "123456-234567-345678-456789-567890-678901-789012-890123";
    let last = format!("{} {secret}", filler("c"));
    let pages = [filler("a"), filler("b"), last];
    let link = |number: usize| (number < 3).then(|| format!("BASE/v1.0/users?$skiptoken={number}"));
    let answers = pages.iter().enumerate().map(|(index, id)| page(&[id], link(index + 1).as_deref())).collect();
    let script = Script::play(vec![token("token-1")], answers).await;
    let target = GraphTarget::new(connection(&script.base), limits).unwrap();
    let place = Place::default();
    let evidence = target.collect(&users(), place.at(&SystemClock)).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);

    let bodies = bodies(&evidence);
    assert_eq!(bodies.iter().map(|(in_memory, _)| *in_memory).collect::<Vec<_>>(), [true, false, false]);
    assert!(String::from_utf8_lossy(&bodies[1].1).contains(&filler("b")));
    let redacted = String::from_utf8_lossy(&bodies[2].1).into_owned();
    assert!(redacted.contains("[redacted]") && !redacted.contains(secret), "{redacted}");
    let [start, length] = evidence.redactions[0].ranges[0];
    assert_eq!(evidence.redactions[0].artifact, "page-0003.json");
    let (start, length) = (usize::try_from(start).unwrap(), usize::try_from(length).unwrap());
    assert_eq!(&bodies[2].1[start..start + length], b"[redacted]");
    for artifact in &evidence.artifacts {
        if let Body::File(path) = &artifact.body {
            let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
            assert!(path.starts_with(place.at(&SystemClock).folder));
        }
    }
}

#[tokio::test]
async fn a_disk_that_takes_nothing_ends_the_dataset_and_not_the_run() {
    let limits = GraphLimits { memory_bytes: 0, ..GraphLimits::for_loopback() };
    let script = Script::play(vec![token("token-1")], vec![page(&["1"], None)]).await;
    let target = GraphTarget::new(connection(&script.base), limits).unwrap();
    let place = Place::default();
    let mut workplace = place.at(&SystemClock);
    workplace.folder = std::path::Path::new("/nowhere/at/all");
    let evidence = target.collect(&users(), workplace).await;
    assert_eq!(evidence.outcome, Outcome::Failed);
    assert!(evidence.reason.contains("check the disk"), "{}", evidence.reason);
}

/// Sends 300 MB without saying how much it will be, and counts what was taken.
async fn flood() -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let sent = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&sent);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = vec![0; 8192];
            let read = socket.read(&mut request).await.unwrap();
            if request[..read].starts_with(b"POST") {
                let _ = socket.write_all(&measured(&token("token-1"), "")).await;
                continue;
            }
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
            let _ = socket.write_all(head.as_bytes()).await;
            let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 0x10_0000], b"\r\n"].concat();
            for _ in 0..300 {
                if socket.write_all(&chunk).await.is_err() {
                    break;
                }
                counted.fetch_add(0x10_0000, Ordering::SeqCst);
            }
        }
    });
    (base, sent)
}

#[tokio::test]
async fn a_body_of_300_mb_ends_at_the_limit_of_a_page_and_next_to_nothing_of_it_is_kept() {
    const LIMIT: u64 = 4 * 1024 * 1024;
    let mut definition = users();
    definition.max_bytes = 1_000_000_000;
    let limits = GraphLimits { max_page_bytes: LIMIT, ..GraphLimits::for_loopback() };
    let (base, sent) = flood().await;
    let target = GraphTarget::new(connection(&base), limits).unwrap();
    let evidence = target.collect(&definition, Place::default().at(&SystemClock)).await;
    assert_eq!(evidence.outcome, Outcome::Failed);
    assert!(evidence.reason.contains("larger than an answer may be (4194304 bytes)"), "{}", evidence.reason);
    let taken = sent.load(Ordering::SeqCst);
    // What the system's own buffers hold on both sides comes on top.
    assert!(taken < LIMIT + 24 * 1024 * 1024, "{taken} bytes were taken");
    let kept: usize = bodies(&evidence).iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(kept <= 256 * 1024, "{kept} bytes are kept");

    definition.max_bytes = 1_000_000;
    let evidence = target.collect(&definition, Place::default().at(&SystemClock)).await;
    assert!(evidence.reason.contains("collector allows (1000000 bytes)"), "{}", evidence.reason);
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_of_a_secret_keeps_none_of_it() {
    let half = "123456-234567-345678-4567";
    for (media, body) in [
        ("application/json", format!(r#"{{"value": [{{"id": "1", "key": "{half}"#)),
        ("text/html", format!("<html><body>the key is {half}")),
    ] {
        let cut = http("200 OK", "", &body).replace("MEASURED", "5000").replace("application/json", media);
        let (evidence, _) = collect((0..9).map(|_| cut.clone()).collect()).await;
        assert_eq!(evidence.outcome, Outcome::Failed, "{}", evidence.reason);
        let kept = artifacts(&evidence).remove(0).1;
        assert!(body.starts_with(&kept) && kept.len() > 10 && !kept.contains("1234"), "{kept}");
    }
}

#[tokio::test]
async fn so_many_secrets_that_their_places_fit_in_no_record_end_the_dataset_and_not_the_run() {
    let secret = "123456-234567-345678-456789-567890-678901-789012-890123";
    let rows = |count: usize| page(&vec![secret; count], None);
    let (few, _) = collect(vec![rows(50)]).await;
    assert_eq!((few.outcome, few.redactions[0].ranges.len()), (Outcome::Complete, 50));
    let (many, _) = collect(vec![rows(1_200)]).await;
    assert_eq!((many.outcome, many.artifacts.len(), many.redactions.len()), (Outcome::Failed, 0, 0));
    assert!(many.reason.contains("so many secrets"), "{}", many.reason);
}

#[tokio::test]
async fn a_secret_that_the_service_repeats_in_a_header_or_a_message_is_not_kept_either() {
    let secret = "123456-234567-345678-456789-567890-678901-789012-890123";
    let header = format!("x-ms-ags-diagnostic: {secret}\r\n");
    let body = json!({"error": {"code": "BadRequest", "message": format!("cannot read {secret}")}}).to_string();
    let (evidence, _) = collect(vec![http("400 Bad Request", &header, &body)]).await;
    assert!(evidence.reason.contains("cannot read [redacted]"), "{}", evidence.reason);
    assert_eq!(evidence.provenance["server_diagnostic"], "[redacted]");
    assert!(!format!("{evidence:?}").contains(secret));
}
