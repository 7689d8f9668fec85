# SPDX-License-Identifier: GPL-2.0-or-later
#
#   make            build                      make check      unit tests (seconds, no root)
#   make demo       the guided tour            make test       every test
#   make deps       apt installs what these need
#   make asan msan valgrind                    the unit tests, sanitised
#   make fuzz       fuzz each target FUZZ_SECS  make fuzz-replay  the committed corpora
#   make fuzz-gcc   the same as gcc compiles it make fuzz-corpus  makes these small again
#   make lint format coverage bench integration install uninstall dist
#   make deb        Debian packages, in build/package      make completions   what the shells complete, from --help
#   make check-hardware  the card that is plugged in

PREFIX     ?= /usr
DESTDIR    ?=
SBINDIR    ?= $(PREFIX)/sbin
LIBDIR     ?= $(PREFIX)/lib/bootlatch
MANDIR     ?= $(PREFIX)/share/man
BASHDIR    ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR     ?= $(PREFIX)/share/zsh/vendor-completions
UDEVDIR    ?= $(PREFIX)/lib/udev
INITRAMFSDIR ?= $(PREFIX)/share/initramfs-tools
KEYSCRIPTDIR ?= $(PREFIX)/lib/cryptsetup/scripts
SYSTEMDDIR ?= $(PREFIX)/lib/systemd/system
SYSCONFDIR ?= /etc
PKG_CONFIG ?= pkg-config
STRIP      ?= strip
VARIANT    ?= release
FUZZ_SECS  ?= 30
JOBS       ?= 2
O          ?= build/$(VARIANT)
# One name for it: what an object depends on is noted under the name that it was made by.
override O := $(patsubst $(CURDIR)/%,%,$(abspath $(O)))

# --- what is built: listed by hand, lowest layer first ---------------------
core_src    := core/err.c core/log.c core/secret.c core/hex.c core/utf8.c core/buffer.c core/file.c core/publish.c \
               core/harden.c core/bury.c core/aside.c core/ask.c core/ask_line.c core/ask_words.c \
               core/ask_quiet.c core/ask_tty.c core/ask_fds.c \
               core/ask_plymouth.c core/ask_fifo.c core/ask_boot.c core/ask_agents.c
crypto_src  := crypto/crypto.c crypto/hash.c crypto/kdf.c crypto/cipher.c crypto/curve.c crypto/rsa.c \
               crypto/signature.c
card_src    := card/transport.c card/tlv.c card/apdu.c card/atr.c card/data.c card/kdf.c card/pin.c \
               card/card.c card/pubkey.c card/operate.c card/decipher.c card/sign.c \
               card/extra.c card/admin.c card/keys.c card/life.c card/pw_lay.c card/pw.c card/pw_admin.c card/pw_change.c \
               card/quirks.c card/pick.c card/pick_why.c \
               card/pcsc.c card/part10.c card/ifd.c card/ifd_handler.c card/ifd_usb.c card/usb_names.c \
               card/confine.c card/choose.c card/child.c \
               card/child_link.c card/child_card.c card/child_serve.c
openpgp_src := openpgp/armor.c openpgp/packet.c openpgp/pubkey.c openpgp/signature.c \
               openpgp/reveal.c openpgp/sign.c openpgp/cert_write.c openpgp/detached.c \
               openpgp/cert.c openpgp/ecdh.c openpgp/pkesk.c openpgp/compress.c \
               openpgp/decrypt.c openpgp/encrypt.c openpgp/message.c
unlock_src  := unlock/json.c unlock/json_write.c unlock/fields.c unlock/store.c \
               unlock/openssl.c unlock/luks_span.c unlock/luks.c unlock/luks_map.c unlock/luks_snapshot.c unlock/strange.c \
               unlock/header_pin.c unlock/recovery.c unlock/record.c unlock/record_write.c unlock/record_image.c unlock/token.c unlock/blob.c \
               unlock/journal.c unlock/volume_merge.c unlock/volume.c unlock/card_key.c unlock/words.c unlock/session.c \
               unlock/pin_memory.c unlock/session_pin.c unlock/session_say.c unlock/open_session.c unlock/backend.c \
               unlock/backend_card.c unlock/session_tpm.c unlock/tpm2_try.c \
               unlock/backend_passphrase.c unlock/policy.c \
               unlock/unlock_run.c unlock/unlock.c unlock/unlock_card.c unlock/unlock_tpm.c unlock/unlock_trust.c \
               unlock/source.c \
               unlock/heads_key.c unlock/crypttab.c unlock/stack.c unlock/boot_left.c unlock/boot_volume.c \
               unlock/boot.c unlock/cap.c
# Sealing to a TPM 2.0, and the rollback counter of Heads in it.
WITH_TPM2   ?= $(if $(shell $(PKG_CONFIG) --exists tss2-esys tss2-mu tss2-tctildr && echo yes),1,0)
counter_src := $(if $(filter 1,$(WITH_TPM2)),sign/counter_tpm2.c,sign/counter_none.c)
tpm2_pkgs   := $(if $(filter 1,$(WITH_TPM2)),tss2-esys tss2-mu tss2-tctildr)
unlock_src  += unlock/pcrs_json.c unlock/sealed.c unlock/tpm2.c unlock/tpm2_policy.c unlock/tpm2_way.c unlock/tpm2_saved.c \
               $(if $(filter 1,$(WITH_TPM2)),unlock/tpm2_esys.c unlock/tpm2_srk.c unlock/tpm2_pcr.c unlock/tpm2_work.c,unlock/tpm2_none.c)
# Signing and verifying /boot: no card in it.
sign_src    := sign/tree.c sign/tree_look.c sign/tree_walk.c sign/tree_hash.c sign/kexec.c sign/kexec_read.c sign/manifest.c \
               sign/manifest_write.c sign/manifest_full.c sign/manifest_parse.c sign/manifest_compare.c \
               sign/pending.c sign/pending_here.c \
               sign/entry.c sign/entry_text.c sign/entry_grub.c sign/entry_bls.c sign/entry_path.c \
               sign/entry_find.c sign/entry_read.c sign/entry_default.c \
               sign/rollback.c $(counter_src) \
               sign/signers.c sign/last.c sign/stamp.c sign/since.c sign/stage_list.c sign/stage_write.c sign/publish.c \
               sign/verify.c sign/verify_default.c sign/verify_full.c sign/verify_lists.c sign/findings.c
# A recovery key as a QR code on the terminal.
WITH_QR     ?= $(if $(shell $(PKG_CONFIG) --exists libqrencode && echo yes),1,0)
qr_pkgs     := $(if $(filter 1,$(WITH_QR)),libqrencode)
enroll_src  := unlock/crypttab_options.c unlock/crypttab_line.c unlock/crypttab_edit.c unlock/luks_write.c \
               unlock/keyslot.c unlock/leftovers.c unlock/import.c unlock/enroll_say.c unlock/enroll.c \
               unlock/enroll_key.c \
               unlock/enroll_slot.c unlock/enroll_write.c unlock/enroll_recovery.c unlock/unenroll.c unlock/renew.c \
               unlock/tpm2_choice.c unlock/enroll_tpm2.c unlock/tpm2_admin.c $(if $(filter 1,$(WITH_TPM2)),unlock/tpm2_admin_work.c,unlock/tpm2_admin_none.c)
cli_src     := cli/options.c cli/output.c cli/common.c cli/confirm.c cli/heads.c cli/program.c cli/crypttab.c cli/crypttab_image.c cli/import.c \
               cli/qr.c $(if $(filter 1,$(WITH_QR)),cli/qr_job.c,cli/qr_none.c) cli/show_page.c cli/show_once.c \
               cli/recovery.c cli/revoke_note.c cli/revoke_find.c cli/revoke_tell.c cli/revoke.c cli/setup_look.c \
               cli/setup_dongle.c cli/setup_do.c cli/setup.c cli/cpio.c cli/lines.c cli/needs.c cli/image_wants.c \
               cli/image.c cli/machine.c cli/screen.c cli/usb_seen.c cli/boot_seen.c cli/status_dongles.c \
               cli/status_volumes.c cli/status_boot.c cli/status_images.c cli/status.c \
               cli/doctor.c cli/doctor_faults.c cli/doctor_table.c cli/doctor_generator.c cli/doctor_volumes.c \
               cli/doctor_ways.c cli/doctor_heads.c cli/doctor_images.c cli/doctor_boot.c cli/doctor_system.c \
               cli/doctor_tpm.c cli/doctor_card.c cli/tpm_wish.c cli/tpm_words.c cli/enroll_tpm2.c cli/tpm_each.c cli/tpm_look.c \
               cli/tpm_status.c cli/tpm_reseal.c cli/tpm_lockout.c cli/tpm_forget.c cli/enroll.c cli/unenroll.c \
               cli/list.c cli/verify.c \
               cli/unlock.c cli/record.c cli/card.c cli/card_facts.c cli/card_names.c cli/card_words.c \
               cli/card_selftest.c cli/card_report.c cli/card_cases.c cli/card_pin_cases.c \
               cli/card_wish.c cli/card_work.c cli/card_pin.c cli/card_new_pin.c cli/card_records.c cli/card_slot.c \
               cli/card_generate.c cli/card_passwd.c cli/card_touch.c cli/card_cert.c cli/card_reset.c \
               cli/sign.c cli/sign_options.c cli/sign_card.c cli/sign_read.c cli/sign_base.c cli/sign_text.c \
               cli/sign_changes.c cli/sign_since.c cli/sign_plan.c cli/sign_show.c cli/sign_put.c cli/sign_resume.c \
               cli/progress.c \
               cli/pending.c cli/pending_look.c
vcard_src   := tests/vcard/algo.c tests/vcard/attest.c tests/vcard/buf.c tests/vcard/card_options.c tests/vcard/command.c \
               tests/vcard/data.c tests/vcard/fault.c tests/vcard/import.c \
               tests/vcard/kdf.c tests/vcard/keys.c tests/vcard/makes.c tests/vcard/pin.c \
               tests/vcard/profile.c tests/vcard/put.c tests/vcard/store.c \
               tests/vcard/touch.c tests/vcard/trace.c tests/vcard/use.c \
               tests/vcard/vcard.c tests/vcard/vpcd.c
# The virtual card as a USB dongle for guests of QEMU.
dongle_src  := tests/dongle/atr.c tests/dongle/t0.c tests/dongle/t1.c tests/dongle/ccid.c tests/dongle/ccid_out.c \
               tests/dongle/mangle.c tests/dongle/model.c
# These need libusbredirparser, which what is installed does not.
dongle_main := tests/dongle/main.c tests/dongle/dongle.c tests/dongle/redir.c \
               tests/dongle/redir_usb.c
# Doubles and helpers of the unit tests.
double_src  := tests/unit/ask_scene.c tests/unit/double_ask.c tests/unit/double_fault.c tests/unit/double_io.c \
               tests/unit/double_map.c tests/unit/boot_world.c \
               tests/unit/double_pcsc.c tests/unit/double_script.c tests/unit/double_tpm.c tests/unit/double_odd.c \
               tests/unit/double_usb.c tests/unit/double_vcard.c tests/unit/card_lines.c tests/unit/card_seen.c \
               tests/unit/forked.c tests/unit/life_world.c tests/unit/luks2_edit.c tests/unit/needles.c tests/unit/pick_room.c \
               tests/unit/signed_boot.c \
               tests/unit/sign_world.c tests/unit/softkey.c tests/unit/grub_cfgs.c tests/unit/tpm_world.c \
               tests/unit/tree_folder.c tests/unit/softsecret.c tests/unit/vcard_talk.c tests/unit/world.c \
               tests/unit/world_files.c tests/unit/world_header.c tests/unit/world_unlock.c
integration := vcard openpgp consttime in_image unlock reencrypt tamper pinsafety interrupt memory apdus cards faults hang ifd udev card_cli card_life card_change crypttab doctor doctor_tpm import counter tpm2 tpm2_enroll tpm2_unlock boot hook pending sign sign_verify sign_tamper sign_kill sign_counter recovery revoke setup package

# Guests of QEMU (make vm), the longest first.
vm          := boot package package13 dongle dongle13 sign sign_fs tpm

unit_core    := err harden aside secret hex utf8 buffer file ask_fds ask_quiet ask_tty ask_plymouth ask_fifo ask_boot ask_agents vcard vcard_keys
unit_crypto  := crypto crypto_fails curve pbkdf2
unit_card    := tlv apdu data kdf card pin pw alter refusals read_key sign_card quirks lies pick pick_why pcsc pcsc_scan ifd ifd_usb ifd_pad choose confine confine_files child child_hangs child_kernel child_home child_wire child_hostile usb_names
unit_openpgp := packet armor pubkey cert selfsig sign cert_write message vectors mutate residue nomem
unit_unlock  := json openssl recovery tpm2 sealed tpm2_saved token card_key record words source stack crypttab policy session session_sign header_pin algorithms pad
unit_enroll  := tpm2_choice crypttab_edit luks volume unlock unlock_tpm unlock_tpm_fails unlock_tpm_record cap boot boot_table boot_rounds enroll enroll_cards enroll_again import enroll_recovery unenroll leftovers renew renew_blobs interrupted touch kdf_pinned pin_gone same_serial
unit_sign    := tree tree_refused tree_hash tree_mount tree_kernel kexec manifest manifest_full manifest_read pending signers last since publish verify verify_files verify_lists verify_sig rollback entry_model entry entry_read default
unit_cli     := cli revoke_note cli_says cpio needs screen card_cli life_keys life_pins life_certs card_selftest sign_cli sign_since sign_words sign_counter sign_resume $(if $(filter 1,$(WITH_QR)),qr qr_residue)
fuzz_core    := hex ask_line plymouth
fuzz_card    := tlv data kdf card child pcsc
fuzz_openpgp := packet armor pubkey cert message detached
fuzz_unlock  := token recovery record header_pin crypttab
fuzz_enroll  := pcrs
fuzz_sign    := signers hash_list full_manifest kexec_tree grub bls pending stage
fuzz_cli     := cpio
# MemorySanitizer takes what libgcrypt, json-c and libcryptsetup write for uninitialised:
# only tests that call none of them.  valgrind sees through libraries.
msan_unit    := err secret hex file ask_fds ask_tty tlv apdu data pcsc pcsc_scan \
                packet armor usb_names
# What takes seconds is left to check-all, which make test runs.
slow         := life_keys life_pins life_certs mutate boot unlock_tpm unlock_tpm_fails unlock_tpm_record cap boot_table boot_rounds enroll enroll_cards enroll_again enroll_recovery import unenroll leftovers renew renew_blobs interrupted algorithms lies

# --- how it is built --------------------------------------------------------
PKGS        := libgcrypt libpcsclite libusb-1.0 libcryptsetup json-c zlib $(tpm2_pkgs) $(qr_pkgs)
pkg_cflags  := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
pkg_libs    := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)
RELEASE     := 0.1~dev
VERSION     := $(shell git describe --tags --always --dirty 2>/dev/null || echo $(RELEASE))

WARN   := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow \
          -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wvla -Wformat=2 \
          -Wundef -Wwrite-strings
try     = $(shell $(CC) -Werror $(1) -xc -c /dev/null -o /dev/null 2>/dev/null && echo '$(1)')
HARDEN := -fPIE -fstack-protector-strong $(call try,-fstack-clash-protection) \
          $(call try,-fcf-protection) $(call try,-ftrivial-auto-var-init=zero)
BASE   := -std=gnu2x -D_GNU_SOURCE -I. -MMD -MP -ffile-prefix-map=$(CURDIR)=. \
          -DBOOTLATCH_VERSION='"$(VERSION)"' -DBOOTLATCH_LIBDIR='"$(LIBDIR)"' $(pkg_cflags)

# A section for each function: the linker leaves out of a program what it does not use.
flags_release  := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(if $(call try,-O2 -D_FORTIFY_SOURCE=3),3,2) $(HARDEN) \
                  -ffunction-sections -fdata-sections
flags_asan     := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
flags_msan     := -O1 -g -fno-omit-frame-pointer -fsanitize=memory -fsanitize-memory-track-origins
flags_fuzz     := $(flags_asan) -fsanitize=fuzzer-no-link
flags_fuzz-gcc := $(flags_asan) -fsanitize-coverage=trace-pc,trace-cmp
flags_coverage := -O0 -g --coverage
link_release   := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed -Wl,--gc-sections
link_asan      := $(flags_asan) -Wl,-z,now
link_msan      := $(flags_msan)
# The reader child ends by _exit and may write no files: its figures would be lost.
link_coverage  := --coverage -Wl,--wrap=_exit -Wl,--wrap=prctl
gcov_src       := tests/unit/gcov_exit.c
more_coverage   = $(call objs,$(gcov_src))
# Lines in percent; make coverage fails below.
floors         := crypto=95 card=95 openpgp=95
link_fuzz      := $(flags_asan) -fsanitize=fuzzer
# gcc has no libFuzzer, but clang's runs what it instruments.
libfuzzer       = $(shell clang -print-runtime-dir)/libclang_rt.fuzzer-$(shell uname -m).a
link_fuzz-gcc   = $(flags_asan) -Wl,--wrap=__sanitizer_cov_trace_pc
gcc_cover_src  := tests/fuzz/gcc_coverage.c
more_fuzz-gcc   = $(call objs,$(gcc_cover_src))
libs_fuzz-gcc   = $(libfuzzer) -lstdc++ -lm

CFLAGS_  = $(BASE) $(WARN) $(flags_$(VARIANT)) $(CFLAGS)
# An IFD handler finds these two in its host.
export_  := -Wl,--export-dynamic-symbol=log_msg -Wl,--export-dynamic-symbol=log_xxd
LDFLAGS_ = $(link_$(VARIANT)) $(export_) $(LDFLAGS)
LDLIBS_  = $(pkg_libs) $(LDLIBS) $(libs_$(VARIANT))

ifneq ($(V),1)
Q := @
say = @printf '  %-5s %s\n' $(1) $(patsubst $(O)/%,%,$@)
endif

TIDY_FLAGS := -std=gnu17 -fdouble-square-bracket-attributes -D_GNU_SOURCE -DBOOTLATCH_VERSION="lint" -DBOOTLATCH_LIBDIR="lint" -I.

# --- rules ------------------------------------------------------------------
.DEFAULT_GOAL := all
objs = $(patsubst %.c,$(O)/%.o,$(1))

# Flags are in this file, too.
$(O)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS_) -c -o $@ $<

layers := core crypto card openpgp unlock enroll sign cli
$(foreach l,$(layers),$(eval $(O)/$(l).a: $(call objs,$($(l)_src))))
$(O)/vcard.a: $(call objs,$(vcard_src))
$(O)/dongle.a: $(call objs,$(dongle_src))
$(O)/double.a: $(call objs,$(double_src))
# The lists above decide what is in an archive, so it is made anew when they change.
$(O)/%.a: Makefile
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(filter %.o,$^)

# What a program or test of a layer links, highest first.
below_none    :=
below_core    := core
below_crypto  := crypto core
below_card    := card crypto core
below_openpgp := openpgp crypto core
below_unlock  := unlock card openpgp crypto core
below_enroll  := enroll unlock card openpgp crypto core
below_sign    := sign openpgp crypto core
below_cli     := cli sign enroll unlock card openpgp crypto core
archives = $(patsubst %,$(O)/%.a,$(below_$(1)))

define program # name, main source, layer, more archives
$(O)/$(1): $(call objs,$(2)) $(more_$(VARIANT)) $(4) $(call archives,$(3))
	$$(call say,LD)
	$$(Q)$$(CC) $$(LDFLAGS_) -o $$@ $$(filter %.o %.a,$$^) $$(LDLIBS_)
endef
$(eval $(call program,bootlatch,cli/main.c,cli,))
unlock_main := unlock/main.c unlock/main_options.c unlock/main_boot.c unlock/main_cap.c unlock/main_image.c unlock/main_root.c
$(eval $(call program,bootlatch-unlock,$(unlock_main),unlock,))
# For images of machines that open nothing by a TPM: tss2 is a quarter of what we add (docs/adr/0020).
$(eval $(call program,bootlatch-unlock-card,$(unlock_main) unlock/tpm2_none.c,unlock,))
$(eval $(call program,bootlatch-vcard,tests/vcard/main.c,none,$(O)/vcard.a))
$(eval $(call program,bootlatch-dongle,$(dongle_main),none,$(O)/dongle.a $(O)/vcard.a))
$(O)/bootlatch-dongle: override LDLIBS += $(shell $(PKG_CONFIG) --libs libusbredirparser-0.5 2>/dev/null)

$(foreach l,$(layers),$(foreach t,$(unit_$(l)),$(eval \
  $(call program,test_$(t),tests/unit/test_$(t).c tests/unit/check.c,$(l),$(O)/double.a $(O)/vcard.a))))
$(foreach l,$(layers),$(foreach t,$(fuzz_$(l)),$(eval \
  $(call program,fuzz_$(t),tests/fuzz/fuzz_$(t).c,$(l),))))
$(foreach l,$(layers),$(foreach t,$(fuzz_$(l)),$(eval \
  $(call program,replay_$(t),tests/fuzz/fuzz_$(t).c tests/fuzz/replay.c,$(l),))))

# The virtual reader, which is in no layer.
$(foreach t,ccid ccid_tpdu mangle,$(eval \
  $(call program,test_$(t),tests/unit/test_$(t).c tests/unit/double_host.c tests/unit/check.c,none,$(O)/dongle.a $(O)/vcard.a)))
$(eval $(call program,fuzz_ccid,tests/fuzz/fuzz_ccid.c tests/fuzz/obliging_card.c,core,$(O)/dongle.a))
$(eval $(call program,replay_ccid,tests/fuzz/fuzz_ccid.c tests/fuzz/obliging_card.c tests/fuzz/replay.c,core,$(O)/dongle.a))
$(eval $(call program,fuzz_reader,tests/fuzz/fuzz_reader.c,card,$(O)/dongle.a))
$(eval $(call program,replay_reader,tests/fuzz/fuzz_reader.c tests/fuzz/replay.c,card,$(O)/dongle.a))
$(eval $(call program,fuzz_vpcd,tests/fuzz/fuzz_vpcd.c,none,$(O)/vcard.a))
$(eval $(call program,replay_vpcd,tests/fuzz/fuzz_vpcd.c tests/fuzz/replay.c,none,$(O)/vcard.a))
# Where libusbredirparser is.
ifeq ($(shell $(PKG_CONFIG) --exists libusbredirparser-0.5 && echo yes),yes)
fuzz_redir := redir
redir_src  := $(filter-out %/main.c %/dongle.c,$(dongle_main))
redir_lib  := $(shell $(PKG_CONFIG) --libs libusbredirparser-0.5)
$(eval $(call program,fuzz_redir,tests/fuzz/fuzz_redir.c tests/fuzz/obliging_card.c $(redir_src),core,$(O)/dongle.a $(O)/vcard.a))
$(eval $(call program,replay_redir,tests/fuzz/fuzz_redir.c tests/fuzz/obliging_card.c tests/fuzz/replay.c $(redir_src),core,$(O)/dongle.a $(O)/vcard.a))
$(O)/fuzz_redir $(O)/replay_redir: override LDLIBS += $(redir_lib)
endif
# The kernel's part is played by the target.
$(O)/fuzz_child $(O)/replay_child: override LDFLAGS += \
  $(patsubst %,-Wl$(comma)--wrap=%,socketpair fork waitpid kill poll clock_gettime)

$(O)/tests/fuzz/gcc_coverage.o: flags_fuzz-gcc := -O2 -g

$(O)/fake_ifd.so: tests/unit/fake_ifd.c
	@mkdir -p $(@D)
	$(call say,SO)
	$(Q)$(CC) $(BASE) $(WARN) -O2 -g -fPIC -shared -o $@ $<
$(O)/test_ifd $(O)/test_ifd_pad $(O)/test_ifd_usb $(O)/test_choose: | $(O)/fake_ifd.so

unit    := $(foreach l,$(layers),$(unit_$(l))) ccid ccid_tpdu mangle
fuzzers := $(foreach l,$(layers),$(fuzz_$(l))) ccid reader vpcd $(fuzz_redir)
programs := $(O)/bootlatch $(O)/bootlatch-unlock $(O)/bootlatch-unlock-card $(O)/bootlatch-vcard

all: $(programs) udev

# --- udev: rules for the running system and for the initramfs, from one list
udev_rules := $(O)/udev/70-bootlatch.rules $(O)/udev/70-bootlatch-initramfs.rules
udev: $(udev_rules)
$(O)/udev/70-bootlatch.rules: make_ := rules
$(O)/udev/70-bootlatch-initramfs.rules: make_ := initramfs
$(udev_rules): udev/tokens.list udev/generate.awk
	@mkdir -p $(@D)
	$(call say,UDEV)
	$(Q)LC_ALL=C awk -v make=$(make_) -f udev/generate.awk udev/tokens.list >$@.new && mv $@.new $@
# Committed, so that what is compiled can be read and linted; tests/integration/udev.sh compares.
names:
	LC_ALL=C awk -v make=names -f udev/generate.awk udev/tokens.list >card/usb_names.new
	mv card/usb_names.new card/usb_names.inc

check: $(patsubst %,$(O)/test_%,$(filter-out $(slow),$(unit)))
	@tests/run.sh --jobs $(JOBS) $^
check-all: $(unit:%=$(O)/test_%)
	@tests/run.sh --jobs $(JOBS) $^
asan:
	@$(MAKE) --no-print-directory VARIANT=asan O=build/asan check-all
msan:
	@$(MAKE) --no-print-directory VARIANT=msan O=build/msan CC=clang check-msan
check-msan: $(msan_unit:%=$(O)/test_%)
	@tests/run.sh --jobs $(JOBS) $^
# What takes system calls away takes them from valgrind too.
valgrind: $(patsubst %,$(O)/test_%,$(filter-out confine confine_files,$(unit)))
	@tests/run.sh --jobs $(JOBS) --under 'valgrind -q --error-exitcode=9' $^

fuzz-replay:
	@$(MAKE) --no-print-directory VARIANT=asan O=build/asan replay
replay: $(fuzzers:%=$(O)/replay_%)
	@tests/run.sh --jobs $(JOBS) --corpus tests/fuzz/corpus $^
fuzz-bins: $(fuzzers:%=$(O)/fuzz_%)
fuzz:
	@$(MAKE) --no-print-directory VARIANT=fuzz O=build/fuzz CC=clang fuzz-bins
	@tests/fuzz/run.sh build/fuzz $(FUZZ_SECS) $(fuzzers)
fuzz-gcc:
	@$(MAKE) --no-print-directory VARIANT=fuzz-gcc O=build/fuzz-gcc CC=gcc fuzz-bins
	@tests/fuzz/run.sh build/fuzz-gcc $(FUZZ_SECS) $(fuzzers)
# The committed corpora anew, of what they were and what build/corpus and CORPORA have found.
fuzz-corpus:
	@$(MAKE) --no-print-directory VARIANT=fuzz O=build/fuzz CC=clang fuzz-bins
	@tests/fuzz/minimise.sh build/fuzz build/corpus $(CORPORA) -- $(fuzzers)
coverage:
	@mkdir -p build/coverage && find build/coverage -name '*.gcda' -delete # of earlier runs
	@# What is left in memory is another matter without optimisation.
	@$(MAKE) --no-print-directory VARIANT=coverage O=build/coverage CC=gcc \
	  unit='$(filter-out residue,$(unit))' check-all
	@tests/coverage.sh build/coverage $(floors) -- $(foreach l,$(layers),$($(l)_src))

test: deps
	@tests/all.sh
# --- integration tools
comma := ,
tool_names := luks2_raw memscan ptytalk tpmbus
$(foreach t,$(tool_names),$(eval $(call program,$(t),tests/integration/$(t).c,none,)))
$(eval $(call program,stopwatch,tests/vm/stopwatch.c,none,))
$(eval $(call program,seal,tests/vm/seal.c,none,))
$(eval $(call program,cardtool,tests/integration/cardtool.c,unlock,))
$(eval $(call program,tpmtool,tests/integration/tpmtool.c,unlock,))
$(eval $(call program,countertool,tests/integration/countertool.c,sign,))
$(eval $(call program,pgptool,tests/integration/pgptool.c,openpgp,$(O)/double.a))
$(eval $(call program,consttime,tests/integration/consttime.c tests/unit/check.c,openpgp,$(O)/double.a))
$(O)/test_life_keys: override LDFLAGS += -Wl,--wrap=time
$(O)/test_nomem: override LDFLAGS += $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc secret_new random_bytes)
$(O)/test_tree_kernel: override LDFLAGS += $(patsubst %,-Wl$(comma)--wrap=%,fstatfs statx readdir read pthread_create)
$(O)/consttime: override LDFLAGS += $(patsubst %,-Wl$(comma)--wrap=%,reveal aes_unwrap aes_wrap cfb_decrypt)
tools: $(tool_names:%=$(O)/%) $(O)/pgptool $(O)/cardtool $(O)/countertool $(O)/tpmtool $(O)/consttime $(O)/test_verify
vm_tools: $(O)/bootlatch-dongle $(O)/stopwatch $(O)/seal $(O)/luks2_raw $(O)/tpmtool $(O)/ptytalk
# Guests of QEMU: minutes each, not part of make test.
vm: deps_vm
	@$(MAKE) --no-print-directory all vm_tools
	@O=$(O) tests/vm/all.sh $(vm)
# For mutated headers in tests/integration/tamper.sh.
asan-program:
	@$(MAKE) --no-print-directory VARIANT=asan O=build/asan build/asan/bootlatch
integration: all tools asan-program
	@O=$(O) tests/run.sh --jobs $(JOBS) $(integration:%=tests/integration/%.sh)
lint: $(O)/bootlatch $(O)/bootlatch-unlock
	@O='$(O)' CC='$(CC)' JOBS='$(JOBS)' TIDY_FLAGS='$(TIDY_FLAGS) $(pkg_cflags)' tests/lint/lint.sh
# Committed; tests/lint/manual.sh fails when they are not what the program says.
completions: $(O)/bootlatch
	completions/helps.sh $(O)/bootlatch >$(O)/helps
	for s in bash:bootlatch zsh:_bootlatch; do \
	  cat "completions/bootlatch.$${s%%:*}.in" >$(O)/completion && \
	  awk -v "make=$${s%%:*}" -f completions/generate.awk $(O)/helps >>$(O)/completion && \
	  mv $(O)/completion "completions/$${s#*:}" || exit 1; done
format:
	clang-format -i $$(git ls-files '*.[ch]')
demo: deps
	@$(MAKE) --no-print-directory all tools
	@O=$(O) tests/demo/demo.sh

# The card that is really plugged in; ARGS: options of bootlatch card selftest.  Not part of make test.
check-hardware: $(O)/bootlatch
	@O=$(O) tests/hardware/check.sh $(ARGS)

bench: deps
	@$(MAKE) --no-print-directory all tools
	@O=$(O) tests/bench/bench.sh
	@O=$(O) tests/bench/sign_vs.sh
	@O=$(O) tests/bench/tpm_vs.sh
	@$(MAKE) --no-print-directory bench-boot
# The same for a whole boot, in guests of QEMU: minutes more.
bench-boot: deps_vm
	@$(MAKE) --no-print-directory all vm_tools
	@O=$(O) tests/bench/boot_vs.sh

# What build, demo and tests need, from Debian; nothing is asked of apt when all is there.
deps_build := gcc make pkg-config libpcsclite-dev libusb-1.0-0-dev libcryptsetup-dev libgcrypt20-dev \
              libjson-c-dev zlib1g-dev libtss2-dev libqrencode-dev
deps_demo  := pcscd libccid vsmartcard-vpcd cryptsetup-bin iproute2 util-linux gnupg scdaemon
deps_test  := openssl openssh-client yubikey-manager gpgv sq sqv rnp opensc strace gdb procps jq clang clang-format clang-tidy cppcheck \
              shellcheck valgrind git tmux libclang-rt-dev udev usb.ids libusbredirparser-dev cpio zstd xz-utils bzip2 swtpm tpm2-tools clevis-luks clevis-tpm2 \
              busybox-static xxd e2fsprogs systemd build-essential dpkg-dev debhelper lintian mandoc zsh zbar-tools
deps_vm    := qemu-system-x86 busybox-static cpio dpkg apt udev mmdebstrap e2fsprogs tesseract-ocr xz-utils dosfstools mtools btrfs-progs ovmf grub-efi-amd64-bin grub-common
deps_vm: deps
	@tests/deps.sh $(deps_vm)
deps:
	@tests/deps.sh $(deps_build) $(deps_demo) $(deps_test)

install: $(O)/bootlatch $(O)/bootlatch-unlock $(O)/bootlatch-unlock-card install-udev install-initramfs install-hooks install-man install-completions
	install -d '$(DESTDIR)$(SBINDIR)' '$(DESTDIR)$(LIBDIR)'
	install -m 755 $(O)/bootlatch '$(DESTDIR)$(SBINDIR)/bootlatch'
	for p in bootlatch-unlock bootlatch-unlock-card; do \
	  install -m 755 $(O)/$$p '$(DESTDIR)$(LIBDIR)'/$$p && \
	  $(STRIP) '$(DESTDIR)$(LIBDIR)'/$$p || exit 1; done # one of them goes into every image
# Pages, and verbs that are described in the page of another.
man_pages    := $(notdir $(wildcard man/*.[58]))
man_links    := unenroll:enroll revoke:enroll doctor:status list:volume test:volume record:volume verify:sign pending:sign
install-man:
	for f in $(man_pages); do \
	  install -D -m 644 man/$$f '$(DESTDIR)$(MANDIR)'/man$${f##*.}/$$f || exit 1; done
	for l in $(man_links); do \
	  ln -sf bootlatch-$${l#*:}.8 '$(DESTDIR)$(MANDIR)'/man8/bootlatch-$${l%:*}.8 || exit 1; done
install-completions:
	install -D -m 644 completions/bootlatch '$(DESTDIR)$(BASHDIR)/bootlatch'
	install -D -m 644 completions/_bootlatch '$(DESTDIR)$(ZSHDIR)/_bootlatch'
install-udev: udev
	install -d '$(DESTDIR)$(UDEVDIR)/rules.d' '$(DESTDIR)$(LIBDIR)'
	install -m 644 $(O)/udev/70-bootlatch.rules '$(DESTDIR)$(UDEVDIR)/rules.d'
	install -m 644 $(O)/udev/70-bootlatch-initramfs.rules '$(DESTDIR)$(LIBDIR)'
# What opens disks at boot. initramfs-tools and cryptsetup look below /usr only.
boot_scripts := $(patsubst %,%/bootlatch,hooks conf-hooks.d scripts/local-top scripts/local-block \
                scripts/local-premount scripts/local-bottom scripts/panic)
at_libdir    := sed 's,@LIBDIR@,$(LIBDIR),g; s,@SBINDIR@,$(SBINDIR),g'
install-initramfs:
	install -d '$(DESTDIR)$(LIBDIR)' '$(DESTDIR)$(KEYSCRIPTDIR)' $(patsubst %,'$(DESTDIR)$(INITRAMFSDIR)/%',$(dir $(boot_scripts)))
	$(at_libdir) initramfs-hooks/files.list >'$(DESTDIR)$(LIBDIR)/files.list'
	$(at_libdir) initramfs-hooks/decrypt_bootlatch >'$(DESTDIR)$(KEYSCRIPTDIR)/decrypt_bootlatch'
	chmod 755 '$(DESTDIR)$(KEYSCRIPTDIR)/decrypt_bootlatch'
	for f in $(boot_scripts); do \
	  $(at_libdir) initramfs-hooks/initramfs-tools/$$f >'$(DESTDIR)$(INITRAMFSDIR)'/$$f && \
	  chmod 755 '$(DESTDIR)$(INITRAMFSDIR)'/$$f || exit 1; done
	chmod 644 '$(DESTDIR)$(INITRAMFSDIR)/conf-hooks.d/bootlatch' # it is read, not started
# What tells that /boot has changed: source and place, programs first. Enabling the units is the
# person's (systemctl enable --now bootlatch-boot.path bootlatch-sign.path) or the package's.
hook_programs := kernel:$(SYSCONFDIR)/kernel/postinst.d/zz-bootlatch kernel:$(SYSCONFDIR)/kernel/postrm.d/zz-bootlatch \
                 initramfs:$(SYSCONFDIR)/initramfs/post-update.d/bootlatch motd:$(SYSCONFDIR)/update-motd.d/98-bootlatch \
                 boot-changed:$(LIBDIR)/boot-changed boot-triggered:$(LIBDIR)/boot-triggered
hook_files    := apt.conf:$(SYSCONFDIR)/apt/apt.conf.d/99bootlatch
units         := $(patsubst %,bootlatch-%,boot.path boot-changed.service sign.path sign.service)
put_hook       = install -d '$(DESTDIR)'"$$(dirname "$${h\#*:}")" && rm -f '$(DESTDIR)'"$${h\#*:}" && \
                 $(at_libdir) sign/hooks/"$${h%%:*}" >'$(DESTDIR)'"$${h\#*:}" && chmod $(1) '$(DESTDIR)'"$${h\#*:}" || exit 1
install-hooks:
	for h in $(hook_programs); do $(call put_hook,755); done
	for h in $(hook_files); do $(call put_hook,644); done
	install -d '$(DESTDIR)$(SYSTEMDDIR)'
	for u in $(units); do \
	  $(at_libdir) systemd/$$u >'$(DESTDIR)$(SYSTEMDDIR)'/$$u && chmod 644 '$(DESTDIR)$(SYSTEMDDIR)'/$$u || exit 1; done
uninstall:
	for h in $(hook_programs) $(hook_files); do rm -f '$(DESTDIR)'"$${h#*:}"; done
	$(RM) $(patsubst %,'$(DESTDIR)$(SYSTEMDDIR)/%',$(units))
	$(RM) $(patsubst %,'$(DESTDIR)$(INITRAMFSDIR)/%',$(boot_scripts))
	$(RM) '$(DESTDIR)$(LIBDIR)/files.list' '$(DESTDIR)$(KEYSCRIPTDIR)/decrypt_bootlatch'
	$(RM) '$(DESTDIR)$(UDEVDIR)/rules.d/70-bootlatch.rules' '$(DESTDIR)$(LIBDIR)/70-bootlatch-initramfs.rules'
	$(RM) '$(DESTDIR)$(SBINDIR)/bootlatch' '$(DESTDIR)$(LIBDIR)/bootlatch-unlock' '$(DESTDIR)$(LIBDIR)/bootlatch-unlock-card'
	$(RM) '$(DESTDIR)$(BASHDIR)/bootlatch' '$(DESTDIR)$(ZSHDIR)/_bootlatch'
	for f in $(man_pages); do rm -f '$(DESTDIR)$(MANDIR)'/man$${f##*.}/$$f; done
	for l in $(man_links); do rm -f '$(DESTDIR)$(MANDIR)'/man8/bootlatch-$${l%:*}.8; done
dist:
	git archive --prefix=bootlatch-$(VERSION)/ -o build/bootlatch-$(VERSION).tar.gz HEAD
# From a copy, which holds what is not committed too. What it needs: apt-get build-dep ./
deb_folder := build/package/bootlatch
deb:
	rm -rf build/package
	mkdir -p $(deb_folder)
	tar -cf - --exclude-vcs --exclude=./build . | tar -xf - -C $(deb_folder)
	cd $(deb_folder) && dpkg-buildpackage -us -uc $(DEB_ARGS)
	@ls build/package/*.deb
clean:
	$(RM) -r build compile_commands.json

.PHONY: vm vm_tools deps_vm all check check-all check-msan asan msan valgrind fuzz fuzz-gcc fuzz-bins fuzz-corpus fuzz-replay replay coverage test \
        tools asan-program integration lint format demo bench bench-boot deps install uninstall dist deb clean \
        udev names install-udev install-initramfs install-hooks install-man install-completions completions check-hardware
.SECONDARY:
-include $(shell find $(O) -name '*.d' 2>/dev/null)
