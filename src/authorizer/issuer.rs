//! Whether what a token or a document says is the configured issuer.

/// How an issuer differs from the configured one, as the end of the sentence "the issuer …". Two mistakes are so common that
/// they have words of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// RFC 8414, 2, and OpenID Connect Core 1.0, 2, compare issuers character by character.
    #[error("differs from the configured one by its last slash only, which the configured one lacks")]
    SlashLacking,
    /// The same, the other way round.
    #[error("differs from the configured one by its last slash only, which it lacks itself")]
    SlashTooMany,
    /// Both are of one tenant of Microsoft Entra ID.
    #[error(
        "is the other one of this Microsoft Entra ID tenant: v1.0 tokens have https://sts.windows.net/TENANT/, v2.0 tokens \
         https://login.microsoftonline.com/TENANT/v2.0, as requestedAccessTokenVersion of the app registration says"
    )]
    EntraVersion,
    /// Anything else.
    #[error("is another than the configured one")]
    Another,
}

/// Where Entra ID's issuers are, of its national clouds too (Microsoft identity platform, "National clouds").
const ENTRA: [&str; 5] = [
    "https://login.microsoftonline.com/",
    "https://login.microsoftonline.us/",
    "https://login.partner.microsoftonline.cn/",
    "https://sts.windows.net/",
    "https://sts.chinacloudapi.cn/",
];

/// How `found` differs from the issuer that is `configured`; `None`: not at all.
pub(super) fn difference(configured: &str, found: &str) -> Option<Difference> {
    if found == configured {
        None
    } else if found.strip_suffix('/') == Some(configured) {
        Some(Difference::SlashLacking)
    } else if configured.strip_suffix('/') == Some(found) {
        Some(Difference::SlashTooMany)
    } else if entra_tenant(found).is_some_and(|tenant| entra_tenant(configured) == Some(tenant)) {
        Some(Difference::EntraVersion)
    } else {
        Some(Difference::Another)
    }
}

fn entra_tenant(issuer: &str) -> Option<&str> {
    let path = ENTRA.iter().find_map(|prefix| issuer.strip_prefix(prefix))?;
    path.split('/').next().filter(|tenant| !tenant.is_empty())
}
