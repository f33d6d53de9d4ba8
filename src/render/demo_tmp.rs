//! tmp
#[cfg(test)]
mod tests {
    use crate::render::*;
    #[test]
    fn demo() {
        let Ok(dir) = std::env::var("DEMO_DIR") else { return };
        let reports = [
            ("shop", sample::shop()),
            ("hostile", sample::hostile()),
            ("labelled", sample::labelled()),
            ("empty", sample::empty()),
        ];
        for (name, report) in reports {
            for format in Format::ALL {
                for (suffix, style) in [
                    (
                        "plain",
                        Style {
                            unicode: true,
                            next: Some("kubectl secctx harden -f shop.yaml".into()),
                            ..Style::default()
                        },
                    ),
                    (
                        "color",
                        Style {
                            color: true,
                            unicode: true,
                            width: Some(100),
                            next: Some("kubectl secctx harden -f shop.yaml".into()),
                        },
                    ),
                    ("narrow", Style { color: true, unicode: true, width: Some(60), next: None }),
                ] {
                    std::fs::write(format!("{dir}/{name}.{format}.{suffix}"), rendered(&report, format, &style))
                        .unwrap();
                }
            }
        }
    }
}
