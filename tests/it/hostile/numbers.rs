//! Numbers as YAML writes them in its many ways, and as nobody should.

use super::{folder, run};

fn pod(user: &str, port: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  securityContext: {{runAsUser: {user}}}\n  \
         containers: [{{name: a, ports: [{{hostPort: {port}}}]}}]\n"
    )
}

/// Every spelling of zero is root, and of 80 that port, to the server's decoder.
#[test]
fn spellings_of_a_number_are_the_number() {
    for zero in ["0", "-0", "0x0", "00", "0o0", "0b0", "+0", "0.0", "0e5", "0_0", "-0x0", "0.1e-400"] {
        let files = folder(&[("a.yaml", &pod(zero, "0"))]);
        let ran = run(&files, &["check", "-f", "a.yaml", "-o", "psa", "--version", "v1.30"]);
        assert!(ran.stdout.contains("runAsUser=0"), "{zero}: {}{}", ran.stdout, ran.stderr);
    }
    for port in ["80", "0x50", "0120", "0o120", "0b1010000", "8e1", "80.0", "8_0", "+80"] {
        let files = folder(&[("a.yaml", &pod("1", port))]);
        let ran = run(&files, &["check", "-f", "a.yaml", "-o", "psa", "--level", "baseline"]);
        assert!(ran.stdout.contains("hostPort 80)"), "{port}: {}{}", ran.stdout, ran.stderr);
    }
}

/// What fits no field is an error with its place, and never a pod that passes.
#[test]
fn numbers_that_fit_nowhere_are_refused() {
    for number in [
        "1e400",
        "-1e400",
        "99999999999999999999",
        "-99999999999999999999",
        "18446744073709551616",
        "9223372036854775808",
        "1e19",
        "1.5",
        "0xffffffffffffffffffff",
        ".inf",
        "-.Inf",
        ".nan",
        "1e999999999999",
        "'1'",
        "1:30",
        "\"0\"",
        "0x",
        "- 1",
        "[1]",
    ] {
        for text in [pod(number, "1"), pod("1", number)] {
            let files = folder(&[("a.yaml", &text)]);
            for command in ["check", "harden"] {
                let ran = run(&files, &[command, "-f", "a.yaml"]);
                assert_eq!(ran.code, Some(2), "{number}: {}{}", ran.stdout, ran.stderr);
                assert!(
                    ran.stderr.starts_with("error: a.yaml:") && ran.stderr.lines().count() == 1,
                    "{number}: {}",
                    ran.stderr
                );
            }
        }
    }
    // Ports have 32 bits.
    for port in ["2147483648", "-2147483649", "4294967376"] {
        let files = folder(&[("a.yaml", &pod("1", port))]);
        assert_eq!(run(&files, &["check", "-f", "a.yaml"]).code, Some(2), "{port}");
    }
}

/// A server decodes any port of 32 bits; what is wrong with it otherwise is for its validation.
#[test]
fn the_largest_numbers_that_fit_are_judged() {
    for port in ["2147483647", "-2147483648", "-1", "65536"] {
        let files = folder(&[("a.yaml", &pod("9223372036854775807", port))]);
        let ran = run(&files, &["check", "-f", "a.yaml", "-o", "psa", "--level", "baseline"]);
        assert!(
            ran.code == Some(1) && ran.stdout.contains(&format!("hostPort {port}")),
            "{port}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
}
