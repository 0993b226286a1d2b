//! What the program prints when it has started.

use std::fmt;

use super::Gateway;

/// Addresses to click and lines to copy.
pub struct Greeting<'a> {
    /// The gateway that has started.
    pub gateway: &'a Gateway,
    /// Its agents, each as `name: address`; none: the demo agent.
    pub agents: Vec<String>,
}

impl fmt::Display for Greeting<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = self.gateway.addresses();
        let first = addresses.first().copied().unwrap_or_else(|| self.gateway.address());
        writeln!(out, "AgentCore WebSocket gateway {}\n", env!("CARGO_PKG_VERSION"))?;
        list(out, "Page", addresses.iter().map(|address| format!("http://{address}/")))?;
        list(out, "WebSocket", addresses.iter().map(|address| format!("ws://{address}/")))?;
        match self.gateway.demo_agent() {
            Some(url) => list(out, "Agent", [format!("default: built-in demo agent at {url}")])?,
            None => list(out, "Agent", self.agents.iter().cloned())?,
        }
        let (wscat, websocat) = self.credentials();
        if !self.gateway.is_open() {
            list(out, "Clients", ["only with a token".to_owned()])?;
        }
        writeln!(out)?;
        let lines = [format!("npx wscat {wscat}-c ws://{first}/"), format!("websocat {websocat}ws://{first}/")];
        list(out, "Try", lines)?;
        writeln!(out, "  and send   {{\"prompt\":\"Hello\"}}\n")?;
        if !self.gateway.address().ip().is_loopback() {
            self.about_others(out)?;
        }
        Ok(())
    }
}

impl Greeting<'_> {
    /// The options of two clients that send a token, where one is needed.
    fn credentials(&self) -> (&'static str, &'static str) {
        if self.gateway.is_open() {
            return ("", "");
        }
        (r#"-s bearer -s "$TOKEN" "#, r#"-H "Authorization: Bearer $TOKEN" "#)
    }

    /// What matters where other machines can reach the gateway.
    fn about_others(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.gateway.is_open() {
            let warning =
                "Everybody who can reach an address above can talk to the agent: there is no authentication here.";
            writeln!(out, "  {warning}")?;
        }
        out.write_str(
            "  The page at an address above may connect. A page that is served under a name, or from elsewhere,\n  \
             needs its origin allowed: ",
        )?;
        writeln!(out, "--allow-origin http://NAME:{}\n", self.gateway.address().port())
    }
}

fn list(out: &mut fmt::Formatter<'_>, label: &str, items: impl IntoIterator<Item = String>) -> fmt::Result {
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    labels.zip(items).try_for_each(|(label, item)| writeln!(out, "  {label:<10} {item}"))
}
