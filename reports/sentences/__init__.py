"""The sentences of reports, by what they are about; `reports.wording.say` is the one way to them."""
