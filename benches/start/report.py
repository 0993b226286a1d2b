"""The figures, as people read them: the same form as the gateway's own (benches/gateway)."""


class Report:
    def __init__(self):
        self._targets = []

    def title(self, text):
        print(f"\n{text}", flush=True)

    def row(self, name, *cells):
        print(f"  {name:<34}" + "".join(f"{cell:>14}" for cell in cells), flush=True)

    def target(self, name, measured, is_met):
        self._targets.append((name, measured, is_met))

    def summary(self):
        self.title("Targets")
        for name, measured, is_met in self._targets:
            print(f"  {'met   ' if is_met else 'MISSED'}  {name}: {measured}")
        print(f"  {sum(is_met for *_, is_met in self._targets)} of {len(self._targets)} met")
