"""What a change of the contracts breaks: found in their files, proved by payloads, approved by people."""
