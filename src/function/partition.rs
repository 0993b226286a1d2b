//! In which partition of AWS a function is: commercial, China, European Sovereign Cloud and others differ in host names.

use crate::arn::{DnsSuffix, InvalidDnsSuffix};
use crate::environment::{Environment, InvalidVariable};

/// Reads `DNS_SUFFIX`, what host names of the partition end in. Without it the partition of an ARN has to be a known one.
///
/// # Errors
/// [`InvalidVariable`]
pub fn dns_suffix(environment: &Environment) -> Result<Option<DnsSuffix>, InvalidVariable> {
    let suffix = environment.optional("DNS_SUFFIX").map(str::parse).transpose();
    suffix.map_err(|rule: InvalidDnsSuffix| InvalidVariable::new("DNS_SUFFIX", rule.to_string()))
}
