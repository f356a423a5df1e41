# Claude Code's built-in tools by what becomes of them: names as its permission rules have them.
{
  # Never an agent's unless its `tools` name them: they go around the broker, leave the turn or ask a
  # person who is not there. `CLOSED_TOOLS` in `hyperhive/harness/options.py` is the same list.
  closed = [
    "Agent"
    "AskUserQuestion"
    "CronCreate"
    "CronDelete"
    "CronList"
    "EnterPlanMode"
    "EnterWorktree"
    "ExitPlanMode"
    "ExitWorktree"
    "KillShell"
    "ListAgents"
    "Monitor"
    "RemoteTrigger"
    "ScheduleWakeup"
    "SendMessage"
    "SendUserMessage"
    "Skill"
    "SlashCommand"
    "Task"
    "TaskCreate"
    "TaskOutput"
    "TaskStop"
    "TeamCreate"
    "TeamDelete"
    "Workflow"
  ];

  # An agent's only if its `tools` name them. `dontAsk` refuses most of the others that do something, but
  # not those that only read, and not after somebody at the keyboard has chosen another mode.
  open = [
    "Artifact"
    "Bash"
    "Edit"
    "Glob"
    "Grep"
    "LSP"
    "MultiEdit"
    "NotebookEdit"
    "PowerShell"
    "PushNotification"
    "REPL"
    "Read"
    "ReportFindings"
    "SendFeedback"
    "TodoWrite"
    "WebFetch"
    "WebSearch"
    "Write"
  ];

  # A rule about the old name is one about the new, so both are an agent's or neither is.
  renamed = {
    KillShell = "TaskStop";
    Task = "Agent";
  };

  # They read what they write: without `Read` newer releases refuse both.
  writing = [
    "Edit"
    "MultiEdit"
    "NotebookEdit"
    "Write"
  ];
}
