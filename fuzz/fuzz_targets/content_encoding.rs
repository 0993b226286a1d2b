#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| agentcore_gateway_fuzz::content_encoding(data));
