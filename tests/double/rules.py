"""Whether AWS Batch tries a failed attempt again (AWS Batch API Reference, "EvaluateOnExit")."""


def retried(rules, status_reason, reason, exit_code):
    """The first rule all of whose conditions hold decides; a failure that no rule is about is tried again."""
    said = {"onStatusReason": status_reason, "onReason": reason, "onExitCode": "" if exit_code is None else str(exit_code)}
    for rule in rules:
        conditions = [(name, pattern) for name, pattern in rule.items() if name in said]
        if all(fits(pattern, said[name]) for name, pattern in conditions):
            return rule["action"].upper() == "RETRY"
    return True


def fits(pattern, text):
    """Glob patterns with nothing but an asterisk at the end. A condition on what is not there holds for no pattern but `*`."""
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
