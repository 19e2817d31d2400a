//! `/api/sessions/{id}/images/{item}`: images that the agent has viewed or generated.

use std::fs;

use serde_json::json;

use crate::support::Gateway;

const THREAD: &str = "00000000-0000-0000-0000-0000000013a6";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand so on";

#[tokio::test]
async fn only_images_in_the_session_directory_are_served() {
    let gateway = Gateway::fake("normal").await;
    let workspace = gateway.workspace();
    fs::write(workspace.join("a.png"), PNG).unwrap();
    fs::write(workspace.join("secret.txt"), "secret").unwrap();
    let outside = gateway.data_dir().join("outside.png");
    fs::create_dir_all(outside.parent().unwrap()).unwrap();
    fs::write(&outside, PNG).unwrap();
    let view = |id: &str, path: &std::path::Path| json!({ "type": "imageView", "id": id, "path": path });
    let generated = json!({ "type": "imageGeneration", "id": "made", "status": "completed", "savedPath": workspace.join("a.png") });
    let items = json!([
        view("inside", &workspace.join("a.png")),
        view("text", &workspace.join("secret.txt")),
        view("outside", &outside),
        view("gone", &workspace.join("gone.png")),
        generated,
        { "type": "agentMessage", "id": "words", "text": "no picture" },
    ]);
    gateway.fake_codex().write_thread(
        THREAD,
        1,
        &json!([{ "id": "turn", "status": "completed", "items": items }]),
    );
    let body = json!({ "resumeThreadId": THREAD, "cwd": workspace });
    let session = gateway.create_with(&gateway.client, &body).await;
    let get = async |id: &str| session.client.get(&session.path(&format!("/images/{id}"))).await;
    for id in ["inside", "made"] {
        let reply = get(id).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, Some("image/png")), "{id}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.body, PNG);
    }
    for id in ["text", "outside", "gone", "words"] {
        get(id).await.expect_error(404, "not_found");
    }
    for id in ["nothing", "..%2Fa.png"] {
        get(id).await.expect_error(404, "not_found");
    }
    gateway.stop().await;
}
