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
    Err(format!("kubectl kustomize: {}", complaint(&String::from_utf8_lossy(&output.stderr))))
}

/// What kubectl complained of: its sentence without the label, or the `err="…"` of a log line.
fn complaint(stderr: &str) -> String {
    let text = stderr.trim();
    let logged = text.split_once(" err=\"").and_then(|(_, rest)| rest.strip_suffix('"'));
    match logged {
        // The log quotes as Go does, of which only these two matter to a reader.
        Some(quoted) => quoted.replace("\\\"", "\"").replace("\\n", "; "),
        None => text.strip_prefix("error: ").unwrap_or(text).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_taken_out_of_log_lines() {
        assert_eq!(complaint("error: no such folder\n"), "no such folder");
        let logged = "E1124 08:58:34.1 12 run.go:72] \"command failed\" err=\"lstat \\\"x\\\": no such file\"\n";
        assert_eq!(complaint(logged), "lstat \"x\": no such file");
    }
}
