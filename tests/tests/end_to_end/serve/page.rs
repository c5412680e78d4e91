//! The page.

use super::ground::room;

#[test]
fn the_page_needs_nobody_else() {
    let (_sandbox, server) = room();
    for path in ["/", "/assets/style.css", "/assets/app.js"] {
        let (status, head, body) = server.send(&format!("GET {path} HTTP/1.0\r\n\r\n"));
        assert_eq!(status, 200, "{path}");
        let head = head.to_ascii_lowercase();
        assert!(
            head.contains("content-security-policy: default-src 'none'"),
            "{head}"
        );
        for foreign in ["https://", "@import", "eval(", "innerHTML", "onclick="] {
            assert!(!body.contains(foreign), "{path} has `{foreign}`");
        }
    }
}
