# What works, and is probably not what is wanted: warnings, not errors. What AWS or the functions would refuse later is
# refused with its variable, so that a plan fails and not an apply.

check "an_agent_is_configured" {
  assert {
    condition     = length(local.agents) > 0
    error_message = "No agent is configured: prompts are answered by the worker's built-in echo agent. Set agentcore_runtime_arn or agents."
  }
}

check "prompts_without_a_name_have_an_agent" {
  assert {
    condition     = contains(local.agent_names, "default")
    error_message = "No agent is named \"default\": prompts that name no agent are refused."
  }
}

check "the_newest_versions_are_called" {
  assert {
    condition     = length(var.function_versions) == 0
    error_message = "function_versions holds functions at earlier versions: what is deployed of them now is not called."
  }
}

check "clients_are_authenticated" {
  assert {
    condition     = var.auth != "none"
    error_message = "auth is \"none\": everybody who knows the address can talk to the agents, at your expense, and a session id is the only secret between clients."
  }
}
