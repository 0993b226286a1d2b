//! Amazon Resource Names, as far as a call of the resource needs them.

use std::str::FromStr;

use reqwest::Url;

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`, the name of something that a service has in one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    partition: &'a str,
    service: &'a str,
    /// The region.
    pub(crate) region: &'a str,
    /// What stands behind the account, such as `runtime/NAME-ID`.
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Reads the ARN of something that `service` has. What becomes part of a host name can only be part of one.
    pub(crate) fn of(service: &str, text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, owner, region, account, resource] = parts[..] else { return None };
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_good = owner == service && is_partition(partition) && is_region(region) && is_account;
        is_good.then_some(Self { partition, service: owner, region, resource })
    }

    /// The service's address in the region, without a path. Host names of the partition end in `dns_suffix`, or else as
    /// botocore's `partitions.json` has it; `None` where neither says how.
    pub(crate) fn service_url(&self, dns_suffix: Option<&DnsSuffix>) -> Option<Url> {
        let suffix = match dns_suffix {
            Some(DnsSuffix(suffix)) => suffix,
            None => known_dns_suffix(self.partition)?,
        };
        Url::parse(&format!("https://{}.{}.{suffix}", self.service, self.region)).ok()
    }
}

/// What the host names of all services of a partition end in, such as `amazonaws.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsSuffix(String);

/// A text that no host name can end in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("be the end of host names, such as amazonaws.com")]
pub struct InvalidDnsSuffix;

impl FromStr for DnsSuffix {
    type Err = InvalidDnsSuffix;

    fn from_str(text: &str) -> Result<Self, InvalidDnsSuffix> {
        let is_good = text.split('.').all(|label| !label.is_empty() && label.bytes().all(is_host_byte));
        if is_good { Ok(Self(text.to_owned())) } else { Err(InvalidDnsSuffix) }
    }
}

/// From botocore's `partitions.json`.
fn known_dns_suffix(partition: &str) -> Option<&'static str> {
    match partition {
        "aws" | "aws-us-gov" => Some("amazonaws.com"),
        "aws-cn" => Some("amazonaws.com.cn"),
        "aws-eusc" => Some("amazonaws.eu"),
        "aws-iso" => Some("c2s.ic.gov"),
        "aws-iso-b" => Some("sc2s.sgov.gov"),
        "aws-iso-e" => Some("cloud.adc-e.uk"),
        "aws-iso-f" => Some("csp.hci.ic.gov"),
        _ => None,
    }
}

fn is_partition(text: &str) -> bool {
    text == "aws" || text.strip_prefix("aws-").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_host_byte))
}

fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_host_byte)
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}
