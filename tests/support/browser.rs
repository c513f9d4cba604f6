//! A real browser, without a window: Debian's Chromium over its DevTools protocol. It shows a page as a person would see it, and
//! tells everything that the page writes to the console or asks of the network.

#![allow(clippy::print_stderr, reason = "a skipped test says so by name")]
#![allow(clippy::disallowed_methods, reason = "a test bounds its waits by the clock and reads its own environment")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Generous: the machine may be busy.
const WITHIN: Duration = Duration::from_secs(60);

/// A running browser with one page.
pub(crate) struct Browser {
    child: Child,
    socket: WebSocketStream<TcpStream>,
    session: Option<String>,
    sent: u64,
    /// What the page wrote to the console, and every exception.
    pub(crate) console: Vec<String>,
    /// Every address that the page asked for.
    pub(crate) requests: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// Starts one, or `None` where there is no Chromium.
    ///
    /// A machine without one skips these tests by name; with `CI` set that is a failure.
    pub(crate) async fn start(test: &str) -> Option<Self> {
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let found = names
            .into_iter()
            .find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()));
        let Some(program) = found else {
            let message = format!("{test} needs Chromium, as in `apt-get install chromium`");
            assert!(std::env::var_os("CI").is_none(), "{message}");
            eprintln!("SKIPPED: {message}");
            return None;
        };
        let profile = tempfile::tempdir().expect("a temporary folder can be made");
        let mut child = Command::new(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-extensions", "--hide-scrollbars"])
            .args(["--remote-debugging-port=0", "about:blank"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Chromium can be started");
        let errors = BufReader::new(child.stderr.take().expect("standard error is piped"));
        let (tell, told) = std::sync::mpsc::channel();
        // Reads on for as long as the browser writes, so that it never waits for its reader.
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("DevTools listening on ") {
                    let _ = tell.send(address.to_owned());
                }
            }
        });
        let address = told.recv_timeout(WITHIN).expect("Chromium says where it listens");
        let host = address.trim_start_matches("ws://").split('/').next().expect("an address has a host").to_owned();
        let stream = TcpStream::connect(&host).await.expect("Chromium listens");
        let (socket, _) = tokio_tungstenite::client_async(&address, stream).await.expect("Chromium speaks WebSocket");
        let mut browser = Self {
            child,
            socket,
            session: None,
            sent: 0,
            console: Vec::new(),
            requests: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"})).await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", attach).await;
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({})).await;
        }
        Some(browser)
    }

    /// Opens a file and waits until it has loaded.
    pub(crate) async fn open(&mut self, file: &Path) {
        let url = format!("file://{}", file.canonicalize().expect("the page was written").display());
        self.call("Page.navigate", json!({"url": url})).await;
        self.until("document.readyState === 'complete' && location.protocol === 'file:'").await;
    }

    /// As wide as this, in this colour scheme.
    pub(crate) async fn look(&mut self, width: u32, scheme: &str) {
        let metrics = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", media).await;
    }

    /// Presses the tabulator key.
    pub(crate) async fn tab(&mut self) {
        for kind in ["rawKeyDown", "keyUp"] {
            let key = json!({"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9});
            self.call("Input.dispatchKeyEvent", key).await;
        }
    }

    /// The value of an expression in the page.
    pub(crate) async fn value(&mut self, expression: &str) -> Value {
        let answer = self.call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true})).await;
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Keeps the whole page as a picture where `GREENLIGHT_SCREENSHOTS` names a folder, for a person to look at.
    pub(crate) async fn screenshot(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("GREENLIGHT_SCREENSHOTS") else { return };
        let answer = self.call("Page.captureScreenshot", json!({"captureBeyondViewport": true})).await;
        let picture = answer["data"].as_str().expect("a screenshot is text");
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        std::fs::write(Path::new(&folder).join(format!("{name}.png.base64")), picture).expect("it can be written");
    }

    async fn until(&mut self, expression: &str) {
        let bound = tokio::time::Instant::now() + WITHIN;
        while self.value(expression).await != Value::Bool(true) {
            assert!(tokio::time::Instant::now() < bound, "{expression} does not come true");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let mut message = json!({"id": self.sent, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = session.clone().into();
        }
        self.socket.send(Message::text(message.to_string())).await.expect("Chromium listens");
        loop {
            let answer = tokio::time::timeout(WITHIN, self.socket.next()).await.expect("Chromium answers in time");
            let Message::Text(text) = answer.expect("the connection stays").expect("it is no error") else { continue };
            let answer: Value = serde_json::from_str(&text).expect("the protocol is JSON");
            if answer["id"] == self.sent {
                assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.note(&answer);
        }
    }

    fn note(&mut self, event: &Value) {
        match event["method"].as_str() {
            Some("Log.entryAdded" | "Runtime.consoleAPICalled" | "Runtime.exceptionThrown") => {
                self.console.push(event["params"].to_string());
            }
            Some("Network.requestWillBeSent") => {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                self.requests.push(url.to_owned());
            }
            _ => {}
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
