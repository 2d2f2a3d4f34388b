"""What staff may be allowed to do with exports, one permission each."""

PERMISSIONS = (
    ("check_export", "Can let an export be checked now"),
    ("reattach_export", "Can re-attach the call of an export"),
    ("adopt_export", "Can adopt the result of an export"),
    ("retry_export", "Can retry an export"),
    ("again_export", "Can run an export again from scratch"),
    ("pause_export", "Can pause and resume an export"),
    ("cancel_export", "Can cancel an export"),
    ("stop_export", "Can cancel an export and stop its containers"),
    ("fail_export", "Can mark an export failed"),
    ("lose_export", "Can mark an export lost"),
    ("force_export", "Can end an export though its runner says that it runs"),
    ("release_export", "Can release the lease of an export"),
    ("queue_export", "Can move an export in the queue"),
    ("keep_export", "Can keep the results of an export longer"),
    ("unshare_export", "Can close the share link of an export"),
    ("blackbox_export", "Can download the black box of an export"),
)
