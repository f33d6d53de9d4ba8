//! Manifests from the web.

use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// How often an address is asked before giving up on server errors, as kubectl does.
const TRIES: u32 = 3;
/// Longest manifest taken, in bytes.
const LONGEST: u64 = 1 << 30;

/// Reads an address; server errors are tried again, proxies come from the environment, redirects are followed.
pub(super) fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let agent = agent();
    let mut tried = 0;
    loop {
        tried += 1;
        match agent.get(url).call() {
            Ok(mut response) => {
                return response
                    .body_mut()
                    .with_config()
                    .limit(LONGEST)
                    .read_to_vec()
                    .map_err(|error| error.to_string());
            }
            Err(ureq::Error::StatusCode(status)) if status >= 500 && tried < TRIES => {}
            Err(ureq::Error::StatusCode(status)) => {
                return Err(format!(
                    "the server answered {status} after {tried} {}",
                    if tried == 1 { "try" } else { "tries" }
                ));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

fn agent() -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    Agent::config_builder()
        .tls_config(tls)
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_recv_response(Some(Duration::from_secs(30)))
        .timeout_global(Some(Duration::from_secs(120)))
        .user_agent(concat!("kubectl-secctx/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}
