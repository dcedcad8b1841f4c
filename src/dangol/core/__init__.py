"""The ground floor: errors, durations, calendars, intervals, sentences and ``Result``. It imports nothing of ours."""
