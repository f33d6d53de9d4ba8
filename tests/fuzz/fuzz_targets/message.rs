//! See the target's own words in `tests/it/fuzzing/targets/message.rs`.
#![no_main]

#[path = "../../it/fuzzing/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::message(data).unwrap());
