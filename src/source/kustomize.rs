//! Folders with a kustomization, built by kubectl's own kustomize.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::Command;

/// Runs `kubectl kustomize FOLDER`. The kubectl that started the plugin says where it is since v1.37; before that, and
/// when started alone, it is the one on the PATH.
pub(super) fn build(folder: &str) -> Result<Vec<u8>, String> {
    let kubectl =
        env::var_os("KUBECTL_PATH").filter(|path| !path.is_empty()).unwrap_or_else(|| OsString::from("kubectl"));
    let output = Command::new(&kubectl).arg("kustomize").arg("--").arg(folder).output().map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            "-k needs kubectl on the PATH, to run its kustomize".to_owned()
        } else {
            format!("could not run {}: {error}", kubectl.to_string_lossy())
        }
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let message = message.trim().strip_prefix("error: ").unwrap_or(message.trim()).to_owned();
    Err(format!("kubectl kustomize: {message}"))
}
