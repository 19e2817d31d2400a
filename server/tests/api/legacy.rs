//! Removed endpoints of an older gateway.

use crate::support::Gateway;

#[tokio::test]
async fn removed_endpoint_is_gone_with_advice() {
    let gateway = Gateway::fake("normal").await;
    for path in ["/api/state", "/api/events", "/api/turn", "/api/thread/new"] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let error = gateway.client.send(method, path, &[]).await.expect_error(410, "gone");
            assert_eq!(
                error,
                "Legacy single-session endpoints were removed. Create a session first via POST /api/sessions."
            );
        }
    }
    gateway.stop().await;
}
