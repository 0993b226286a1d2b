//! Amazon Resource Names, as far as a call of the resource needs them.

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

    /// The service's address in the region, without a path.
    pub(crate) fn service_url(&self) -> Option<Url> {
        let suffix = if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        Url::parse(&format!("https://{}.{}.{suffix}", self.service, self.region)).ok()
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
