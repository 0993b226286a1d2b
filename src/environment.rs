//! What a function is told by its environment variables: read once, at the start, into the configuration of its own.
//!
//! A variable that is set to nothing counts as absent, for that is how Terraform passes a value that was not given. An
//! error names the variable and the rule, never the value: that may be a secret.

use std::collections::BTreeMap;
use std::time::Duration;

/// A variable that is missing or breaks its rule: the start ends here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {variable} must {rule}")]
pub struct InvalidVariable {
    variable: &'static str,
    rule: String,
}

impl InvalidVariable {
    /// `variable` breaks `rule`, which is the end of the sentence "it must …".
    pub fn new(variable: &'static str, rule: impl Into<String>) -> Self {
        Self { variable, rule: rule.into() }
    }
}

/// Environment variables, those of the process or those that a test makes up. Some are secrets: it cannot be printed.
#[derive(Clone)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process. What is not Unicode in them is replaced, and then breaks the variable's rule.
    #[must_use]
    pub fn from_process() -> Self {
        Self::of(
            std::env::vars_os()
                .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())),
        )
    }

    /// These variables and no others.
    pub fn of<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value of `variable`, or `None` if it is absent or empty. Space around it is not part of it.
    #[must_use]
    pub fn optional(&self, variable: &str) -> Option<&str> {
        self.0.get(variable).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The value of `variable`.
    ///
    /// # Errors
    /// If it is absent or empty.
    pub fn required(&self, variable: &'static str) -> Result<&str, InvalidVariable> {
        self.optional(variable).ok_or_else(|| InvalidVariable::new(variable, "be set"))
    }

    /// Whether `variable` is `true`; `default` if it is absent.
    ///
    /// # Errors
    /// If it is neither `true` nor `false`.
    pub fn flag(&self, variable: &'static str, default: bool) -> Result<bool, InvalidVariable> {
        match self.optional(variable) {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err(InvalidVariable::new(variable, "be true or false")),
        }
    }

    /// The whole number in `variable`; `default` if it is absent.
    ///
    /// # Errors
    /// If it is no whole number from 1 to 2^32 - 1.
    pub fn count(&self, variable: &'static str, default: u32) -> Result<u32, InvalidVariable> {
        let Some(text) = self.optional(variable) else { return Ok(default) };
        let number = text.parse().ok().filter(|number| *number > 0);
        number.ok_or_else(|| InvalidVariable::new(variable, "be a whole number above 0"))
    }

    /// The time in `variable`, which is in seconds; `default` if it is absent.
    ///
    /// # Errors
    /// If it is no whole number of seconds from 1 to 2^32 - 1.
    pub fn duration_seconds(&self, variable: &'static str, default: Duration) -> Result<Duration, InvalidVariable> {
        if self.optional(variable).is_none() {
            return Ok(default);
        }
        let seconds = self
            .count(variable, 0)
            .map_err(|_| InvalidVariable::new(variable, "be a whole number of seconds above 0"))?;
        Ok(Duration::from_secs(seconds.into()))
    }

    /// The time in `variable`, which is in milliseconds; `None` if it is absent.
    ///
    /// # Errors
    /// If it is no whole number from 1 to 2^32 - 1.
    pub fn milliseconds(&self, variable: &'static str) -> Result<Option<Duration>, InvalidVariable> {
        if self.optional(variable).is_none() {
            return Ok(None);
        }
        self.count(variable, 0).map(|count| Some(Duration::from_millis(count.into())))
    }

    /// As [`duration_seconds`](Self::duration_seconds), and no longer than `longest`.
    ///
    /// # Errors
    /// If it is no whole number of seconds from 1 to `longest`.
    pub fn duration_up_to(
        &self,
        variable: &'static str,
        default: Duration,
        longest: Duration,
    ) -> Result<Duration, InvalidVariable> {
        let duration = self.duration_seconds(variable, default)?;
        if duration > longest {
            return Err(InvalidVariable::new(variable, format!("be at most {} seconds", longest.as_secs())));
        }
        Ok(duration)
    }

    /// The values in `variable`, which are separated by commas; none if it is absent.
    pub fn list(&self, variable: &'static str) -> impl Iterator<Item = &str> {
        let values = self.optional(variable).unwrap_or_default().split(',');
        values.map(str::trim).filter(|value| !value.is_empty())
    }
}
