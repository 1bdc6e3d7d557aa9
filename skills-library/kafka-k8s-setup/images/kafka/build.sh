#!/bin/bash
# Runs in the image while it is built, without network: a small Java runtime of the JDK, the
# topics program, and an archive of loaded classes, which halves the time a broker needs to start.
set -euo pipefail
export PATH=/usr/bin LC_ALL=C
jdk=(/usr/lib/jvm/java-21-openjdk-*/bin)
java=/opt/java/bin/java

# java.desktop: log4j needs java.beans. jdk.localedata, compilers and the like are left out.
modules=java.base,java.desktop,java.instrument,java.logging,java.management,java.management.rmi
modules+=,java.naming,java.rmi,java.security.jgss,java.security.sasl,java.sql,java.xml
modules+=,jdk.crypto.ec,jdk.jcmd,jdk.management,jdk.management.agent,jdk.net,jdk.unsupported,jdk.zipfs
"${jdk[0]}/jlink" --add-modules "$modules" --strip-java-debug-attributes \
  --no-man-pages --no-header-files --output /opt/java

"${jdk[0]}/javac" -proc:none -Xlint:all,-classfile,-path -cp '/opt/kafka/libs/*' -d /build/classes /build/Topics.java
"${jdk[0]}/jar" --create --file /opt/kafka/libs/learnflow-topics.jar --date 1980-01-01T00:00:02Z -C /build/classes .
touch -d @0 /opt/kafka/libs/*

# One class path, in one order: an archive of classes serves only the class path it was made with.
printf -v classpath '%s:' /opt/kafka/libs/*.jar
echo "-cp ${classpath%:}" > /opt/kafka/java.args

run=("$java" -Xmx256m -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile=/opt/kafka/log4j2.properties)
training=/build/training.properties
trap 'tail -n 30 /build/*.log' ERR

"${run[@]}" -XX:DumpLoadedClassList=/build/1.classes @/opt/kafka/java.args kafka.tools.StorageTool \
  format --standalone --cluster-id training-of-the-image --config $training > /build/format.log 2>&1
"${run[@]}" -XX:DumpLoadedClassList=/build/2.classes @/opt/kafka/java.args kafka.Kafka $training \
  > /build/broker.log 2>&1 &
broker=$!
echo '{"defaults": {"min.insync.replicas": 1},' \
  '"topics": [{"name": "training", "partitions": 1, "config": {"retention.ms": 1000}}]}' > /build/topics.json
"${run[@]}" -XX:DumpLoadedClassList=/build/3.classes @/opt/kafka/java.args learnflow.Topics \
  localhost:9092 /build/topics.json 1 60 > /build/topics.log 2>&1
kill $broker
wait $broker || [ $? = 143 ] # Java's exit code after SIGTERM

# Lines are a class with its id, or an "@" directive; ids of different runs would collide.
while IFS= read -r line; do
  [[ $line == *source:* || $line == \#* ]] || echo "${line%% id:*}"
done < <(cat /build/?.classes) | sort -u > /build/all.classes
"$java" -Xshare:dump -XX:SharedClassListFile=/build/all.classes -XX:SharedArchiveFile=/opt/kafka/classes.jsa \
  -Xlog:cds=error -Xmx256m @/opt/kafka/java.args > /build/dump.log 2>&1
rm -f /opt/java/lib/server/*.jsa

# Of programs and libraries, what the scripts, people with kubectl exec, and Java use.
declare -A keep=()
for name in bash cat chmod cp date df du env head id ls mkdir mv rm sleep sort stat tail wc; do
  keep[/usr/bin/$name]=1
done
loader=(/usr/lib*/ld-linux-*.so.*)
needed() { "${loader[0]}" --list "$1" 2> /dev/null || true; }
while read -r _ _ path _; do
  [[ $path == /* ]] && keep[/usr/lib/${path#*/lib/}]=1
done < <(for file in "${!keep[@]}" /opt/java/bin/java /opt/java/lib/{*,server/*}.so; do needed "$file"; done)
for path in /usr/bin/* /usr/lib/*-linux-gnu/*.so*; do
  keep[$(realpath "$path")]+=${keep[$path]-}
done
for path in /usr/bin/* /usr/lib/*-linux-gnu/*.so*; do
  case ${path##*/} in ld-linux-* | libgcc_s.so* | libresolv.so*) continue ;; esac # loaded by name
  [[ -n ${keep[$path]-}${keep[$(realpath "$path")]-} ]] || doomed+=("$path")
done
printf '%s\n' "${doomed[@]}" > /build/doomed
rm "${doomed[@]}"
