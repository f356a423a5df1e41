# The broker's polkit rule as JavaScript: { lib } -> { user, units } -> text.
{ lib }:
{
  # The only user that the rule is about.
  user,
  # Names of units, each with its ending; the user may start, stop and restart them and do nothing else to them.
  units,
}:
# polkit's interpreter knows ECMAScript 5 only.
''
  polkit.addRule(function (action, subject) {
    var units = ${builtins.toJSON (lib.naturalSort units)};
    var verbs = ["start", "stop", "restart"];
    if (
      action.id === "org.freedesktop.systemd1.manage-units" &&
      subject.user === ${builtins.toJSON user} &&
      units.indexOf(action.lookup("unit")) !== -1 &&
      verbs.indexOf(action.lookup("verb")) !== -1
    ) {
      return polkit.Result.YES;
    }
    return polkit.Result.NOT_HANDLED;
  });
''
