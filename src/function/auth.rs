//! What the functions are told about who may connect.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;

use crate::environment::{Environment, InvalidVariable};
use crate::identity::Identity;
use crate::metrics::MeasuredTable;
use crate::table::Table;

/// Who may connect. It is the API that asks for a token or a signature; a function is told, so that it refuses what comes
/// without a principal instead of taking it for everybody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Who has a token of the issuer.
    Jwt,
    /// Who signs the handshake with AWS credentials.
    Iam {
        /// The table that has the records of connections.
        table: String,
    },
    /// Everybody.
    None,
}

impl Auth {
    /// Reads `AUTH` (`jwt`, `iam` or `none`); with `iam` also `TABLE_NAME`.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn read(environment: &Environment) -> Result<Self, InvalidVariable> {
        match environment.required("AUTH")? {
            "jwt" => Ok(Self::Jwt),
            "iam" => Ok(Self::Iam { table: environment.required("TABLE_NAME")?.to_owned() }),
            "none" => Ok(Self::None),
            _ => Err(InvalidVariable::new("AUTH", "be jwt, iam or none")),
        }
    }

    /// How it is then known whose an event is.
    #[must_use]
    pub fn identity(self, aws: &SdkConfig) -> Identity {
        match self {
            Self::Jwt => Identity::Token,
            Self::Iam { table } => Identity::Caller(Arc::new(MeasuredTable::new(Table::new(Client::new(aws), table)))),
            Self::None => Identity::Anonymous,
        }
    }
}
