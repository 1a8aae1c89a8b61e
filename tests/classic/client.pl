#!/usr/bin/perl
# Calls methods of Mon::Client: a line of JSON each, ["name", argument...]; answers with a line of JSON.
use strict;
use warnings;
use JSON::PP;
use Mon::Client;

my $json = JSON::PP->new->canonical->allow_nonref;
my $client = Mon::Client->new(host => '127.0.0.1', port => $ARGV[0]);
$| = 1;
while (my $line = <STDIN>) {
    my ($method, @arguments) = @{$json->decode($line)};
    no warnings;    # Mon::Client has its own ways with undefined values
    my @result = $client->$method(@arguments);
    print $json->encode([\@result, $method eq 'error' ? undef : $client->error]), "\n";
}
