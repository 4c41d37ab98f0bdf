#!/usr/bin/perl
# Asterisk::AGI (Debian: libasterisk-agi-perl): Asterisk starts one process for each call.
use strict;
use warnings;
use Asterisk::AGI;

my $agi = Asterisk::AGI->new;
$agi->ReadParse();
my $key = $agi->get_option('l110/menu', '2', 2000);
$agi->set_variable('PEER_KEY', chr $key) if $key > 0;
